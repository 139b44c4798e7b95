import { OrchestratorError } from '@agent-orchestrator/core';

/** @throws `OUTCOME_UNKNOWN` if there is no answer within this time */
export async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new OrchestratorError('OUTCOME_UNKNOWN')), ms);
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
