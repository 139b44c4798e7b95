import { OrchestratorError } from '@agent-orchestrator/core';
import { z } from 'zod';
import type { Environment } from '../system/environment.ts';
import type { ConfigFile } from './config-file.ts';
import { ofDefault, ofFile, ofVariable, type Setting } from './setting.ts';
import { THRESHOLDS, type ThresholdName } from './threshold-names.ts';

/** The thresholds of all figures: a figure that is greater makes the health `degraded`. */
export type Thresholds = Readonly<Record<ThresholdName, Setting<number>>>;

/** @throws `CONFIG_INVALID` if a variable is not a number */
export function thresholds(env: Environment, file: ConfigFile | null): Thresholds {
  const found = Object.entries(THRESHOLDS).map(([name, { variables, value }]) => [
    name,
    variables.map((variable) => ofNumberVariable(env, variable)).find((one) => one !== null) ??
      ofFile(file, file?.values.thresholds?.[name as ThresholdName]) ??
      ofDefault(value),
  ]);
  return Object.fromEntries(found) as Thresholds;
}

/** The thresholds without their origins. */
export function thresholdValues(settings: Thresholds): Readonly<Record<ThresholdName, number>> {
  return Object.fromEntries(Object.entries(settings).map(([name, { value }]) => [name, value])) as Record<
    ThresholdName,
    number
  >;
}

const number = z.coerce.number().min(0);

function ofNumberVariable(env: Environment, name: string): Setting<number> | null {
  const found = ofVariable(env, name);
  if (found === null) return null;
  const { success, data } = number.safeParse(found.value);
  if (!success) throw new OrchestratorError('CONFIG_INVALID', `The variable ${name} is not a number of 0 or more.`);
  return { ...found, value: data };
}
