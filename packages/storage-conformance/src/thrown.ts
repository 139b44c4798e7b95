import { OrchestratorError } from '@agent-orchestrator/core';

/** The coded error that a call throws; fails if it answers, or throws anything else. */
export async function thrownBy(call: Promise<unknown>): Promise<OrchestratorError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof OrchestratorError) return error;
    throw new Error('an error without a code was thrown', { cause: error });
  }
  throw new Error('nothing was thrown');
}
