/**
 * Signatures of verdicts: what is signed, and whether a signature is that of a key. A reviewer signs with the private
 * half of its key, which no store ever has. The rules of `release` and `verify` check with the public half: that is a
 * pure function of the two and of the bytes, like the hashes of the log.
 */
import { createPublicKey, hash, verify } from 'node:crypto';
import type { Json, JsonText } from '../model/json.ts';
import { PUBLIC_KEY, SIGNATURE } from '../model/public-key.ts';
import type { ReviewOf, Verdict } from '../model/review.ts';
import { sha256 } from '../model/sha256.ts';
import type { Task } from '../model/task.ts';
import { canonicalize } from './canonical.ts';

/** What a verdict says: of whom, on what, and how it ends. */
export interface VerdictToSign {
  /** The name of the reviewer. */
  readonly agent: string;
  readonly verdict: Verdict;
  /** The review, which names the reviewed task and the round. */
  readonly review: { readonly id: string; readonly of: Pick<ReviewOf, 'task_id' | 'round'> };
  /** The reviewed task with its result, as it is stored. */
  readonly reviewed: Pick<Task, 'namespace' | 'result'>;
  /** The digest of the notes. */
  readonly notesSha256: string;
}

/** Tells these bytes from all others that the same key might sign. */
const DOMAIN = 'agent-orchestrator/verdict/1\n';

/**
 * The bytes that a reviewer signs. They name the namespace, the task, the review and its round, so a signature proves
 * nothing about any other; and the digests of the result and the notes, so it proves what was judged.
 */
export function verdictBytes({ agent, verdict, review, reviewed, notesSha256 }: VerdictToSign): Uint8Array {
  const said = canonicalize({
    agent,
    namespace: reviewed.namespace,
    notes_sha256: notesSha256,
    result_sha256: textDigest(reviewed.result),
    review: review.id,
    round: review.of.round,
    task: review.of.task_id,
    verdict,
  });
  return Buffer.from(`${DOMAIN}${said}`, 'utf8');
}

/** The digest of a result as it is stored, in hex. */
export function textDigest(result: JsonText | null): string {
  return sha256(result ?? 'null');
}

/** The digest of a result, in hex: of its canonical JSON. A verdict that is signed names it. */
export function resultDigest(result: Json): string {
  return textDigest(result === null ? null : canonicalize(result));
}

/** The digest of the notes of a verdict, in hex; no notes are an empty text. */
export function notesDigest(notes: string | undefined): string {
  return sha256(notes ?? '');
}

/** What people compare: the first half of the SHA-256 of a public key, in hex. */
export function keyFingerprint(publicKey: string): string {
  return hash('sha256', Buffer.from(publicKey, 'base64url'), 'hex').slice(0, 32);
}

/** Whether it is the Ed25519 signature of this key over the bytes. What is no key or no signature is none. */
export function isSignedBy(publicKey: string, bytes: Uint8Array, signature: string): boolean {
  if (!PUBLIC_KEY.test(publicKey) || !SIGNATURE.test(signature)) return false;
  try {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey }, format: 'jwk' });
    return verify(null, bytes, key, Buffer.from(signature, 'base64url'));
  } catch {
    return false;
  }
}
