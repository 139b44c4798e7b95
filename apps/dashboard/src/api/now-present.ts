import { DEAD_LETTER_STATUSES, readStatus, type StatusAsOf } from '@agent-orchestrator/runtime';
import type { StoreHistory } from '../fold/store-history.ts';
import { Commands } from './commands.ts';
import { NeedRows } from './need-rows.ts';
import type { Need, WorkingRow } from './now-answer.ts';
import type { PageReads } from './page-reads.ts';
import { refused } from './refused.ts';

/** The newest dead letters; the list of tasks has all. */
const SHOWN = 3;

/** The present needs no log: bounded reads of the store answer while the log is still being read. */
export async function needsNow(reads: PageReads): Promise<{ status: StatusAsOf; needs: readonly Need[] }> {
  const status = await readStatus(reads.orchestrator);
  // The newest: a status on a terminal begins with the oldest.
  const { items: dead } = await reads.orchestrator.listTasks({
    status: [...DEAD_LETTER_STATUSES],
    before: null,
    limit: SHOWN,
  });
  const rows = new NeedRows(new Commands(reads.commandOptions));
  const { needsYou, handOffs } = status;
  const { counts } = needsYou;
  const needs: Need[] = [
    { group: 'question', count: counts.questions, rows: needsYou.questions.map((task) => rows.ofQuestion(task)) },
    { group: 'review', count: counts.inReview, rows: needsYou.inReview.map((task) => rows.ofReview(task)) },
    { group: 'hand_off', count: handOffs.count, rows: handOffs.tasks.map((task) => rows.ofHandOff(task)) },
    { group: 'dead_letter', count: counts.deadLetters, rows: dead.map((task) => rows.ofDeadLetter(task)) },
    {
      group: 'silent',
      count: counts.stale,
      rows: needsYou.stale.map((one) => rows.ofWorking(one, one.heartbeatAt, 'recover')),
    },
    {
      group: 'cancellation',
      count: counts.cancellationsPending,
      rows: needsYou.cancellationsPending.map((one) => rows.ofWorking(one, one.cancelRequestedAt, 'why')),
    },
    { group: 'blocked', count: counts.blocked, rows: needsYou.blocked.map((one) => rows.ofBlocked(one)) },
    {
      ...refused(reads, { ordinal: reads.follower.history.present, at: status.now }),
      count: counts.refused,
    },
  ];
  return { status, needs };
}

export function workingNow(
  { working, counts }: StatusAsOf,
  history: StoreHistory,
): { readonly working: readonly WorkingRow[]; readonly workingCount: number } {
  const rows = working.map((one) => ({
    taskId: one.task?.id ?? null,
    number: one.task?.number ?? null,
    title: one.task?.title ?? null,
    sessionId: one.sessionId,
    sessionNumber: one.number ?? history.sessionNumber(one.sessionId),
    agent: one.agent,
    startedAt: one.task?.startedAt ?? null,
    nextAction: one.nextAction,
    heartbeatAt: one.heartbeatAt,
    stale: one.stale,
  }));
  return { working: rows, workingCount: counts.sessions.running };
}
