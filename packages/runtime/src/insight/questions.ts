import type { Counts, Orchestrator, TaskRecord } from '@agent-orchestrator/core';

/** The open questions of a store: how many there are, and the oldest of them. */
export interface Questions {
  /** At `countMax` it means "at least this many". */
  readonly count: number;
  readonly tasks: readonly TaskRecord[];
}

/**
 * @param counted the counts of the store
 * @param limit how many of them are read
 */
export async function readQuestions(
  reads: Pick<Orchestrator, 'listQuestions'>,
  { tasks }: Pick<Counts, 'tasks'>,
  limit: number,
): Promise<Questions> {
  if (tasks.waiting === 0) return { count: 0, tasks: [] };
  const { items } = await reads.listQuestions({ limit });
  return { count: tasks.waiting, tasks: items };
}
