import type { ClaimRecord } from '@agent-orchestrator/core';
import type { Names } from '@agent-orchestrator/runtime';
import { printable } from '../output/printable.ts';
import type { Paint } from '../output/style.ts';
import { fields } from '../output/table.ts';
import { moment } from '../output/time.ts';
import { contextFields } from './session.ts';
import { taskLine } from './task.ts';

export function claimCard(
  { task, lease, context, takeover }: ClaimRecord,
  names: Names,
  now: number,
  paint: Paint,
): string[] {
  return [
    taskLine(task, paint),
    ...fields(
      [
        ['session', printable(names.session(lease.sessionId))],
        ['fence', String(lease.fence)],
        ['token', lease.token],
        ['yours until', moment(lease.expiresAt, now)],
        ['attempt', `${task.attempt} of ${task.attemptsMax}, interrupted ${task.interruptions} times`],
        ['taken over', takeover === null ? null : `from ${takeover.from.agent} (${takeover.reason})`],
        ...contextFields(context),
      ],
      paint,
    ),
  ];
}

/** How the holder's verbs name this lease on the command line. */
export function holderFlags({ token }: ClaimRecord['lease']): string {
  return `--token ${token}`;
}
