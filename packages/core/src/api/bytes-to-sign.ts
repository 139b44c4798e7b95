import { canonicalize } from '../log/canonical.ts';
import { notesDigest, verdictBytes } from '../log/verdict-signature.ts';
import { internalError } from '../model/errors.ts';
import type { Json } from '../model/json.ts';
import type { Verdict } from '../model/review.ts';
import type { TaskRecord } from './records.ts';

/**
 * The bytes that a reviewer signs with its Ed25519 key: the verdict on this task in this round, its result and the
 * notes.
 *
 * @param review the review that the agent holds
 * @param reviewed the task that it reviews
 */
export function bytesToSign(
  given: { readonly agent: string; readonly verdict: Verdict; readonly notes?: string | undefined },
  { id, reviewOf }: Pick<TaskRecord, 'id' | 'reviewOf'>,
  { namespace, result }: Pick<TaskRecord, 'namespace'> & { readonly result: unknown },
): Uint8Array {
  if (reviewOf === null) throw internalError(`The task ${id} is no review.`);
  const { agent, verdict, notes } = given;
  return verdictBytes({
    agent,
    verdict,
    review: { id, of: { task_id: reviewOf.taskId, round: reviewOf.round } },
    reviewed: { namespace, result: result === null ? null : canonicalize(result as Json) },
    notesSha256: notesDigest(notes),
  });
}
