/**
 * Whether the proofs of verdicts are worth what the log says. The keys and the roles that demand signatures are those
 * of the time of the verdict: they are in the streams of the registry.
 */
import { signatureRequired } from '../commands/verdict-proof.ts';
import type { Event, EventPayloads } from '../log/events.ts';
import { isSignedBy, keyFingerprint, notesDigest, verdictBytes } from '../log/verdict-signature.ts';
import { OTHER_AGENTS } from '../model/agent.ts';
import { fromJsonText } from '../model/json.ts';
import { reviewOn } from '../model/review.ts';
import type { Task } from '../model/task.ts';
import type { Reader } from '../storage/storage.ts';

const VERDICTS = { 'task.approved': 'approved', 'task.changes_requested': 'changes_requested' } as const;

/** Whether the event is the verdict of a review. */
export function isVerdictEvent(event: Event): event is Event & { readonly type: keyof typeof VERDICTS } {
  return Object.hasOwn(VERDICTS, event.type);
}

/**
 * What is wrong with the proof of a verdict; null: nothing.
 *
 * @param reviewed the reviewed task before the event
 */
export async function proofFault(
  reader: Reader,
  event: Event & { readonly type: keyof typeof VERDICTS },
  reviewed: Task,
): Promise<string | null> {
  const agent = event.agent ?? '';
  const payload = fromJsonText(event.payload) as unknown as Partial<EventPayloads['task.changes_requested']>;
  const { review = '', round = 0, proof, signature, notes } = payload;
  const set = await lastOf(reader, event, agent, 'agent.key_set');
  const publicKey = set?.public_key ?? null;
  if (proof !== 'signature') {
    const policy = await lastOf(reader, event, OTHER_AGENTS, 'agent.signed_roles_set');
    const role = reviewOn(reviewed)?.role ?? '';
    return signatureRequired({ agent, publicKey, role, signedRoles: policy?.signed_roles ?? [] }) === null
      ? null
      : `the verdict of ${agent} had to be signed, and is not.`;
  }
  if (publicKey === null || signature === undefined) return `the verdict is signed, but ${agent} had no key.`;
  const { value, notes_sha256: notesSha256, key } = signature;
  if (notes !== undefined && notesDigest(notes) !== notesSha256)
    return `the signature of ${agent} covers other notes than these.`;
  const bytes = verdictBytes({
    agent,
    verdict: VERDICTS[event.type],
    review: { id: review, of: { task_id: event.taskId ?? '', round } },
    reviewed,
    notesSha256,
  });
  return key === keyFingerprint(publicKey) && isSignedBy(publicKey, bytes, value)
    ? null
    : `the verdict is not signed by the key that ${agent} had at that time.`;
}

/** The payload of the last event of a type in the stream of an agent, before the verdict. */
async function lastOf<Type extends 'agent.key_set' | 'agent.signed_roles_set'>(
  reader: Reader,
  { namespace, id }: Event,
  ofAgent: string,
  type: Type,
): Promise<EventPayloads[Type] | null> {
  const { items } = await reader.events({ namespace, ofAgent, types: [type], before: null, limit: 1, upTo: id });
  const [last] = items;
  return last === undefined ? null : (fromJsonText(last.payload) as unknown as EventPayloads[Type]);
}
