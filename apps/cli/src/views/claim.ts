import type { ClaimRecord } from '@agent-orchestrator/core';
import { counted, shellWord, type Names } from '@agent-orchestrator/runtime';
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
        ['session', names.sessionLabel(lease.sessionId)],
        ['fence', String(lease.fence)],
        ['token', lease.token],
        ['yours until', moment(lease.expiresAt, now)],
        ['attempt', `${task.attempt} of ${task.attemptsMax}, ${counted(task.interruptions, 'interruption')}`],
        ['taken over', takeover === null ? null : `from ${takeover.from.agent} (${takeover.reason})`],
        ...contextFields(context),
      ],
      paint,
    ),
  ];
}

/** Sets the token for the holder's commands. A variable, because other users can see flags in `ps`. */
export function tokenExport({ token }: ClaimRecord['lease']): string {
  return `export ORCHESTRATOR_TOKEN=${shellWord(token)}`;
}
