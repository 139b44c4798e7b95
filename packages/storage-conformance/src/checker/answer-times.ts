import type { Event } from '@agent-orchestrator/core';
import { commandKey } from '@agent-orchestrator/core/journal';
import type { History } from './history.ts';

/**
 * When the first answer to the command of an event came, in milliseconds: then its transaction was over, and not
 * always before. undefined: no journal tells.
 */
export function answerTimes({ commands }: History): (event: Event) => number | undefined {
  const first = new Map(
    commands.flatMap(({ namespace, commandId, attempts }) => {
      const times = attempts.flatMap(({ reply, answeredAt }) => (reply === null ? [] : (answeredAt ?? [])));
      return times.length === 0 ? [] : [[commandKey(namespace, commandId), Math.min(...times)] as const];
    }),
  );
  return ({ namespace, commandId }) => (commandId === null ? undefined : first.get(commandKey(namespace, commandId)));
}
