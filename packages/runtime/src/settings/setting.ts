import { OrchestratorError } from '@agent-orchestrator/core';
import { isSet, type Environment } from '../system/environment.ts';
import { DURATION_HINT, durationMs } from '../text/duration.ts';
import type { ConfigFile } from './config-file.ts';

/** A value and its origin. */
export interface Setting<T> {
  readonly value: T;
  /** The kind of origin, in order of precedence. */
  readonly from: 'argument' | 'environment' | 'file' | 'default';
  /** The variable, or the path of the file; for a default, the variable that it depends on, if any. */
  readonly origin: string | null;
}

/** An empty argument counts as absent, and so does an empty variable. */
export function ofArgument<T>(value: T | null | undefined): Setting<T> | null {
  return value === undefined || value === null || value === '' ? null : { value, from: 'argument', origin: null };
}

export function ofVariable(env: Environment, name: string): Setting<string> | null {
  const value = env[name];
  return isSet(value) ? { value, from: 'environment', origin: name } : null;
}

export function ofFile<T>(file: ConfigFile | null, value: T | undefined): Setting<T> | null {
  return file === null || value === undefined ? null : { value, from: 'file', origin: file.path };
}

export function ofDefault<T>(value: T, origin: string | null = null): Setting<T> {
  return { value, from: 'default', origin };
}

/** @throws `CONFIG_INVALID` */
export function ofDurationVariable(env: Environment, name: string): Setting<number> | null {
  const found = ofVariable(env, name);
  if (found === null) return null;
  const value = durationMs(found.value);
  if (value === null)
    throw new OrchestratorError('CONFIG_INVALID', `The variable ${name} is not a duration.`, { hint: DURATION_HINT });
  return { ...found, value };
}
