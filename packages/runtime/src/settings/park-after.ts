import { OrchestratorError } from '@agent-orchestrator/core';
import type { Setting } from './setting.ts';

/** After how long without progress the tasks that an agent host holds are given back, in milliseconds. */
export const PARK_AFTER_MS = { default: 30 * 60_000, min: 1_000 } as const;

/** The setting, wherever it is from. @throws `CONFIG_INVALID` if it is below its bound */
export function boundedParkAfter(setting: Setting<number>): Setting<number> {
  if (setting.value >= PARK_AFTER_MS.min) return setting;
  throw new OrchestratorError('CONFIG_INVALID', `${nameOf(setting)} is shorter than a second.`, {
    field: 'park_after',
    hint: 'Give a second or more, for example 30m.',
  });
}

function nameOf({ from, origin }: Setting<number>): string {
  if (from === 'environment') return `The variable ${origin}`;
  return from === 'file' ? `In the configuration file ${origin}, park_after` : 'parkAfterMs';
}
