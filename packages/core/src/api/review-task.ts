import type { ClaimRefusal, LeaseRefusal } from '../commands/index.ts';
import { signatureRequired } from '../commands/verdict-proof.ts';
import { isCounted, type Verdict } from '../model/review.ts';
import type { TaskStatus } from '../model/statuses.ts';
import { NO_TOKEN } from '../model/token.ts';
import { bytesToSign } from './bytes-to-sign.ts';
import type { AgentRecord, ReviewRecord, TaskRecord } from './records.ts';

/** The verdict on a task that is in review. */
export interface ReviewCall {
  readonly taskId: string;
  readonly agent: string;
  readonly verdict: Verdict;
  /** What to change, or a remark on an approval. */
  readonly notes?: string | undefined;
  readonly roles?: readonly string[] | undefined;
  readonly instance?: string | undefined;
  readonly namespace?: string | undefined;
  /** The round and the result that the reviewer saw: no others are judged. Missing: those that are there. */
  readonly round?: number | undefined;
  /** As `review.resultSha256` of the task has it, in lower case. */
  readonly resultSha256?: string | undefined;
  /** Signs bytes with the agent's Ed25519 key: the signature as base64url. Missing: the verdict is not signed. */
  readonly sign?: ((bytes: Uint8Array) => string | Promise<string>) | undefined;
}

/** The work that was judged. */
interface JudgedWork {
  readonly round: number;
  /** SHA-256 over the canonical JSON of its result, in hex. */
  readonly resultSha256: string;
}

/** The review that was ended, what it judged, and the task after its verdict; or the reason why not. */
export type ReviewedNow =
  | ({
      readonly ok: true;
      readonly reviewId: string;
      readonly taskId: string;
      readonly status: TaskStatus;
    } & JudgedWork)
  /** Another round or result is to be judged than the one that was seen: this one. */
  | ({ readonly ok: false; readonly reason: 'other_work' } & JudgedWork)
  | { readonly ok: false; readonly reason: 'not_in_review'; readonly status: TaskStatus }
  | ClaimRefusal
  | LeaseRefusal;

/** The calls that it is made of. */
interface Calls {
  check(name: 'releaseTask', call: object): Promise<void>;
  getTask(id: string, namespace?: string): Promise<Pick<TaskRecord, 'id' | 'status' | 'review'> | null>;
  getAgent(name: string, namespace?: string): Promise<Pick<AgentRecord, 'publicKey'> | null>;
  signedRoles(namespace?: string): Promise<readonly string[]>;
  claimTask(call: {
    readonly agent: string;
    readonly instance?: string | undefined;
    readonly roles: string[];
    readonly sessionId: string;
    readonly namespace?: string | undefined;
  }): Promise<
    | {
        readonly ok: true;
        readonly task: Pick<TaskRecord, 'id' | 'reviewOf'>;
        readonly lease: { readonly token: string };
        readonly reviewed?: { readonly task: TaskRecord };
      }
    | ClaimRefusal
  >;
  releaseTask(call: {
    readonly token: string;
    readonly outcome: Verdict | 'released';
    readonly note?: string | undefined;
    readonly signature?: string | undefined;
    readonly namespace?: string | undefined;
  }): Promise<{ readonly ok: true; readonly status: TaskStatus } | LeaseRefusal>;
}

/** Claims the first open review that the agent may have, and ends it. */
export async function reviewTask(orchestrator: Calls, call: ReviewCall): Promise<ReviewedNow> {
  const { agent, instance, verdict, notes, namespace } = call;
  const task = await orchestrator.getTask(call.taskId, namespace);
  if (task === null) return { ok: false, reason: 'not_found' };
  if (task.status !== 'in_review' || task.review === null)
    return { ok: false, reason: 'not_in_review', status: task.status };
  if (isOther(call, task.review)) return { ok: false, reason: 'other_work', ...workOf(task.review) };
  const { role, holders } = task.review;
  // The claim refuses an agent that held the work: that is the better reason.
  if (call.sign === undefined && !holders.includes(agent)) await assertUnsigned(orchestrator, call, role);
  const roles = [...(call.roles ?? [role])];
  const end = { outcome: verdict, note: notes };
  // What is wrong with the verdict is said before anything is claimed for it.
  await orchestrator.check('releaseTask', { token: NO_TOKEN, ...end });

  let refusal: ClaimRefusal = { ok: false, reason: 'no_task', nextDueAt: null };
  for (const sessionId of task.review.open) {
    const claimed = await orchestrator.claimTask({ namespace, agent, instance, roles, sessionId });
    if (!claimed.ok) refusal = claimed;
    else {
      const { token } = claimed.lease;
      // The claim shows what is judged: a round may have ended since the first look.
      const review = claimed.reviewed?.task.review ?? task.review;
      if (isOther(call, review)) {
        await orchestrator.releaseTask({ namespace, token, outcome: 'released' });
        return { ok: false, reason: 'other_work', ...workOf(review) };
      }
      const reply = await orEndClaim(orchestrator, { namespace, token }, async () =>
        orchestrator.releaseTask({ namespace, token, ...end, signature: await signatureOf(call, claimed) }),
      );
      if (!reply.ok) return reply;
      const after = await orchestrator.getTask(task.id, namespace);
      const status = after?.status ?? task.status;
      // The round ended after the claim, by another verdict: this one judged nothing.
      if (!isCounted(reply.status)) {
        if (after?.status === 'in_review' && after.review)
          return { ok: false, reason: 'other_work', ...workOf(after.review) };
        return { ok: false, reason: 'not_in_review', status };
      }
      return { ok: true, reviewId: claimed.task.id, taskId: task.id, status, ...workOf(review) };
    }
  }
  return refusal;
}

function isOther({ round, resultSha256 }: ReviewCall, review: ReviewRecord): boolean {
  const work = workOf(review);
  const isOfRound = round === undefined || round === work.round;
  return !isOfRound || (resultSha256 !== undefined && resultSha256 !== work.resultSha256);
}

function workOf({ round, resultSha256 }: ReviewRecord): JudgedWork {
  return { round, resultSha256: resultSha256 ?? '' };
}

/** A verdict that has to be signed is refused before anything is claimed for it. @throws `SIGNATURE_REQUIRED` */
async function assertUnsigned(orchestrator: Calls, { agent, namespace }: ReviewCall, role: string): Promise<void> {
  const signedRoles = await orchestrator.signedRoles(namespace);
  const publicKey = (await orchestrator.getAgent(agent, namespace))?.publicKey ?? null;
  const missing = signatureRequired({ agent, publicKey, role, signedRoles });
  if (missing !== null) throw missing;
}

async function signatureOf(
  { agent, verdict, notes, sign }: ReviewCall,
  { task, reviewed }: Extract<Awaited<ReturnType<Calls['claimTask']>>, { ok: true }>,
): Promise<string | undefined> {
  if (sign === undefined || reviewed === undefined) return undefined;
  return sign(bytesToSign({ agent, verdict, notes }, task, reviewed.task));
}

/** A review that cannot be judged after all waits for the next reviewer at once. */
async function orEndClaim<Reply>(
  orchestrator: Calls,
  held: { readonly namespace: string | undefined; readonly token: string },
  judge: () => Promise<Reply>,
): Promise<Reply> {
  try {
    return await judge();
  } catch (error) {
    // What is wrong with the verdict is the answer, also if the store cannot be reached any more.
    await orchestrator.releaseTask({ ...held, outcome: 'released' }).catch(() => undefined);
    throw error;
  }
}
