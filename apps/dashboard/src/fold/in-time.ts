import { OrchestratorError } from '@agent-orchestrator/runtime';

/** A store that answers later counts as silent. */
export const ANSWER_MS = 10_000;
/**
 * What has no answer by then is lost, and may be asked again. It is longer than any storage lets a read take: one of
 * Postgres is given up after 75 seconds.
 */
export const LOST_MS = 90_000;

/**
 * An answer of the store, if it comes in time. What was asked may still be under way after that; nothing waits for it.
 *
 * @throws `STORE_UNREACHABLE` if it does not come
 */
export async function inTime<Answer>(asked: Promise<Answer>, ms = ANSWER_MS): Promise<Answer> {
  const { promise: isLate, reject } = Promise.withResolvers<never>();
  const late = () => reject(new OrchestratorError('STORE_UNREACHABLE', `The store did not answer within ${ms} ms.`));
  const timer = setTimeout(late, ms);
  try {
    return await Promise.race([asked, isLate]);
  } finally {
    clearTimeout(timer);
  }
}
