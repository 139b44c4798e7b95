/**
 * What proves who gave a verdict. An agent with a key signs its verdicts, and so does every agent that reviews for a
 * role which demands it; all others are believed by their names.
 */
import type { VerdictSignature } from '../log/events.ts';
import { isSignedBy, notesDigest, verdictBytes } from '../log/verdict-signature.ts';
import { OTHER_AGENTS, signedRolesOf, type Agent } from '../model/agent.ts';
import { OrchestratorError } from '../model/errors.ts';
import { nameOf } from '../model/names.ts';
import { reviewOf, reviewOn, type ReviewProof, type Verdict } from '../model/review.ts';
import type { Task } from '../model/task.ts';
import { entryOf } from './admission.ts';
import type { HeldLease } from './held-lease.ts';

/** A verdict as the holder of the review gives it. */
export interface GivenVerdict {
  readonly verdict: Verdict;
  readonly notes: string;
  readonly signature?: string | undefined;
}

/** The part of an event that says what proves the verdict. */
interface Proof {
  readonly proof: ReviewProof;
  readonly signature?: VerdictSignature;
}

/** Why the verdicts of an agent on a task must be signed; null: they need not be. */
export function demandsSignature(
  reviewed: Pick<Task, 'review'>,
  agent: Pick<Agent, 'publicKey'> | null,
  others: Pick<Agent, 'signedRoles'> | null,
): 'key' | 'role' | null {
  if (agent !== null && agent.publicKey !== null) return 'key';
  return signedRolesOf(others).includes(reviewOn(reviewed)?.role ?? '') ? 'role' : null;
}

/** @throws `SIGNATURE_REQUIRED`, `SIGNATURE_INVALID` */
export function proofOf(
  { session: { agent: name }, task: review }: HeldLease,
  reviewed: Task,
  { verdict, notes, signature: value }: GivenVerdict,
  { agents, path }: { readonly agents: readonly Agent[]; readonly path: string },
): Proof {
  const field = `${path}.signature`;
  const agent = entryOf(name, agents);
  const of = reviewOf(review);
  if (value !== undefined && of !== null) {
    const notesSha256 = notesDigest(notes);
    const signed = verdictBytes({ agent: name, verdict, review: { id: review.id, of }, reviewed, notesSha256 });
    if (agent === null || agent.publicKey === null)
      throw new OrchestratorError('SIGNATURE_INVALID', `Agent ${name} has no key, so it cannot sign.`, {
        field,
        hint: '`orchestrator agent key create AGENT` makes a key; without one, give the verdict unsigned.',
      });
    if (!isSignedBy(agent.publicKey, signed, value))
      throw new OrchestratorError(
        'SIGNATURE_INVALID',
        `It is no signature by the key of agent ${name} over this verdict on ${nameOf('task', reviewed)}.`,
        { field },
      );
    return { proof: 'signature', signature: { value, notes_sha256: notesSha256 } };
  }
  const why = demandsSignature(reviewed, agent, entryOf(OTHER_AGENTS, agents));
  if (why === null) return { proof: 'unproven' };
  const because =
    why === 'key' ? `Agent ${name} has a key` : `The role ${reviewOn(reviewed)?.role} demands signed verdicts`;
  throw new OrchestratorError('SIGNATURE_REQUIRED', `${because}, and this verdict is not signed.`, { field });
}
