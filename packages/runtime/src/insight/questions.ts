import type { Counts, Orchestrator, TaskRecord } from '@agent-orchestrator/core';
import { everyRow } from './every-row.ts';

/** The open questions of a store: how many there are, and the oldest of them. */
export interface Questions {
  /** At `countMax` it means "at least this many". */
  readonly count: number;
  readonly tasks: readonly TaskRecord[];
}

/**
 * Not every waiting task asks something: it can wait for other tasks alone.
 *
 * @param counted the counts of the store
 * @param limit how many of them are read
 */
export async function readQuestions(
  reads: Pick<Orchestrator, 'listQuestions'>,
  { tasks }: Pick<Counts, 'tasks'>,
  { countMax, limit }: { readonly countMax: number; readonly limit: number },
): Promise<Questions> {
  if (tasks.waiting === 0) return { count: 0, tasks: [] };
  const { items, next } = await reads.listQuestions({ limit });
  return { count: next === null ? items.length : await countQuestions(reads, countMax), tasks: items };
}

async function countQuestions(reads: Pick<Orchestrator, 'listQuestions'>, countMax: number): Promise<number> {
  const all = everyRow(({ limit, after }) => reads.listQuestions({ limit, ...(after && { after }) }));
  let count = 0;
  while (count < countMax && !(await all.next()).done) count += 1;
  await all.return(undefined);
  return count;
}
