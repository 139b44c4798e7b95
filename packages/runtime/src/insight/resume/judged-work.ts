import type { Json, OrchestratorReads, TaskRecord } from '@agent-orchestrator/core';
import type { JudgedWork } from './resume-facts.ts';

/** The work that a review judges; null: the task is no review. */
export async function readJudgedWork(
  reads: Pick<OrchestratorReads, 'getTask'>,
  { reviewOf }: Pick<TaskRecord, 'reviewOf'>,
): Promise<JudgedWork | null> {
  const work = reviewOf === null ? null : await reads.getTask(reviewOf.taskId);
  if (reviewOf === null || work === null) return null;
  const { id: taskId, title, payload, result } = work;
  return {
    taskId,
    title,
    round: reviewOf.round,
    holders: reviewOf.notFor,
    payload: payload as Json,
    result: result as Json,
  };
}
