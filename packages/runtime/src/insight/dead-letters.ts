import { DEAD_LETTER_STATUSES, type Counts, type Orchestrator, type TaskRecord } from '@agent-orchestrator/core';

/** The dead letters of a store: how many there are, and the first of them. */
export interface DeadLetters {
  /** At `countMax` it means "at least this many". */
  readonly count: number;
  readonly tasks: readonly TaskRecord[];
}

/**
 * @param counted the counts of the store, each up to `countMax`
 * @param limit how many of them are read
 */
export async function readDeadLetters(
  reads: Pick<Orchestrator, 'listTasks'>,
  counted: Pick<Counts, 'tasks'>,
  { countMax, limit }: { readonly countMax: number; readonly limit: number },
): Promise<DeadLetters> {
  const { items } = await reads.listTasks({ status: DEAD_LETTER_STATUSES, limit });
  const count = DEAD_LETTER_STATUSES.reduce((sum, status) => sum + counted.tasks[status], 0);
  return { count: Math.min(count, countMax), tasks: items };
}
