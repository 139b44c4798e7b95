/**
 * What proves who gave a verdict. An agent with a key signs its verdicts, and so does every agent that reviews for a
 * role which demands it; all others are believed by their names.
 */
import type { VerdictSignature } from '../log/events.ts';
import { isSignedBy, keyFingerprint, notesDigest, verdictBytes } from '../log/verdict-signature.ts';
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

/** Of whom a verdict is, for which role, and what the registry says of both. */
interface Asked {
  readonly agent: string;
  /** Null: the agent has no key. */
  readonly publicKey: string | null;
  readonly role: string;
  readonly signedRoles: readonly string[];
}

/** The error of a verdict that is not signed and must be; null: it need not be signed. */
export function signatureRequired(
  { agent, publicKey, role, signedRoles }: Asked,
  field?: string,
): OrchestratorError | null {
  if (publicKey === null && !signedRoles.includes(role)) return null;
  const why = publicKey === null ? `The role ${role} demands signed verdicts` : `Agent ${agent} has a key`;
  const options = field === undefined ? {} : { field };
  return new OrchestratorError('SIGNATURE_REQUIRED', `${why}, and this verdict is not signed.`, options);
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
    const key = keyFingerprint(agent.publicKey);
    return { proof: 'signature', signature: { value, notes_sha256: notesSha256, key } };
  }
  const signedRoles = signedRolesOf(entryOf(OTHER_AGENTS, agents));
  const asked = { agent: name, publicKey: agent?.publicKey ?? null, role: reviewOn(reviewed)?.role ?? '', signedRoles };
  const missing = signatureRequired(asked, field);
  if (missing !== null) throw missing;
  return { proof: 'unproven' };
}
