import { DEFAULTS, OrchestratorError } from '@agent-orchestrator/core';
import { join, resolve } from 'node:path';
import { readConfigFile, type ConfigFile } from './config-file.ts';
import { DURATION_HINT, durationMs } from '../text/duration.ts';
import { isSet, type Environment } from '../system/environment.ts';
import { stateFolder } from '../system/state-folder.ts';
import { fileStoreUrl } from '../stores/url.ts';

/** A value, and what decided it. */
export interface Setting<T> {
  readonly value: T;
  /** In the order in which they decide. */
  readonly from: 'argument' | 'environment' | 'file' | 'default';
  /** The variable, or the path of the file; for a default, the variable that it depends on, if any. */
  readonly origin: string | null;
}

/** What can be configured. */
export interface Settings {
  /** A store URL, not yet checked unless it comes from the file: `parseStoreUrl` does that. May hold a password. */
  readonly store: Setting<string>;
  readonly namespace: Setting<string>;
  readonly agent: Setting<string | null>;
  readonly ttlMs: Setting<number>;
  readonly staleAfterMs: Setting<number>;
}

/** What was said by whoever calls: it goes before everything. */
export type Arguments = { readonly [Name in keyof Settings]?: Settings[Name]['value'] | null | undefined };

/**
 * What holds: the argument before the environment, that before the configuration file, that before the default. Empty ones count
 * as absent. The file is the one that `ORCHESTRATOR_CONFIG` names, or `orchestrator.json` in `${OPENCLAW_STATE_DIR}` or
 * `${HOME}/.openclaw`.
 *
 * @throws `CONFIG_INVALID`
 */
export function resolveSettings(given: Arguments = {}, env: Environment = process.env): Settings {
  const file = readConfigFile(env);
  return {
    store: ofArgument(given.store) ?? storeVariable(env) ?? ofFile(file, file?.values.store) ?? standardStore(env),
    namespace:
      ofArgument(given.namespace) ??
      ofVariable(env, 'ORCHESTRATOR_NAMESPACE') ??
      ofFile(file, file?.values.namespace) ??
      standard(DEFAULTS.namespace),
    agent:
      ofArgument(given.agent) ??
      ofVariable(env, 'ORCHESTRATOR_AGENT') ??
      ofFile(file, file?.values.agent) ??
      standard(null),
    ttlMs:
      ofArgument(given.ttlMs) ??
      durationVariable(env, 'ORCHESTRATOR_TTL') ??
      ofFile(file, file?.values.ttl) ??
      standard(DEFAULTS.ttl_ms),
    staleAfterMs:
      ofArgument(given.staleAfterMs) ??
      durationVariable(env, 'ORCHESTRATOR_STALE_AFTER') ??
      ofFile(file, file?.values.stale_after) ??
      standard(DEFAULTS.stale_after_ms),
  };
}

function ofArgument<T>(value: T | null | undefined): Setting<T> | null {
  return value === undefined || value === null || value === '' ? null : { value, from: 'argument', origin: null };
}

function ofVariable(env: Environment, name: string): Setting<string> | null {
  const value = env[name];
  return isSet(value) ? { value, from: 'environment', origin: name } : null;
}

function ofFile<T>(file: ConfigFile | null, value: T | undefined): Setting<T> | null {
  return file === null || value === undefined ? null : { value, from: 'file', origin: file.path };
}

function standard<T>(value: T, origin: string | null = null): Setting<T> {
  return { value, from: 'default', origin };
}

function durationVariable(env: Environment, name: string): Setting<number> | null {
  const found = ofVariable(env, name);
  if (found === null) return null;
  const value = durationMs(found.value);
  if (value === null)
    throw new OrchestratorError('CONFIG_INVALID', `The variable ${name} is no duration.`, { hint: DURATION_HINT });
  return { ...found, value };
}

function storeVariable(env: Environment): Setting<string> | null {
  const path = ofVariable(env, 'ORCH_DB_PATH');
  return ofVariable(env, 'ORCHESTRATOR_STORE') ?? (path && { ...path, value: fileUrl(path.value) });
}

function standardStore(env: Environment): Setting<string> {
  return standard(fileUrl(stateFolder(env), FILE), isSet(env['OPENCLAW_STATE_DIR']) ? 'OPENCLAW_STATE_DIR' : 'HOME');
}

const FILE = join('data', 'orchestrator.db');

function fileUrl(path: string, inside = ''): string {
  return fileStoreUrl(resolve(path, inside));
}
