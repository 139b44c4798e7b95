import type { Orchestrator, TaskRecord } from '@agent-orchestrator/core';
import { everyRow } from './every-row.ts';

/** A task that was handed off and not claimed since: by whom, to whom, since when, and whether it came back. */
export type HandOff = Pick<
  TaskRecord,
  | 'id'
  | 'number'
  | 'sessionId'
  | 'title'
  | 'status'
  | 'assignee'
  | 'role'
  | 'note'
  | 'handedOffBy'
  | 'handedOffAt'
  | 'returnAt'
  | 'returnedFrom'
>;

/** The hand-offs of a store. */
export interface HandOffs {
  readonly count: number;
  /** Those that came back first, then the oldest. */
  readonly tasks: readonly HandOff[];
}

/** @param limit how many of them are shown */
export async function readHandOffs(reads: Pick<Orchestrator, 'listTasks'>, limit: number): Promise<HandOffs> {
  const found: HandOff[] = [];
  for await (const task of everyRow((page) => reads.listTasks({ handedOff: true, ...page })))
    found.push(handOffOf(task));
  return { count: found.length, tasks: found.toSorted(byNeed).slice(0, limit) };
}

/** The parts of a task that tell of its hand-off; null where it was not handed off. */
export function handOffOf(task: TaskRecord): HandOff {
  const { id, number, sessionId, title, status, assignee, role, note } = task;
  const { handedOffBy, handedOffAt, returnAt, returnedFrom } = task;
  return {
    id,
    number,
    sessionId,
    title,
    status,
    assignee,
    role,
    note,
    handedOffBy,
    handedOffAt,
    returnAt,
    returnedFrom,
  };
}

function byNeed(a: HandOff, b: HandOff): number {
  const cameBack = (one: HandOff) => Number(one.returnedFrom !== null);
  return cameBack(b) - cameBack(a) || (a.handedOffAt ?? 0) - (b.handedOffAt ?? 0);
}
