import type { ClaimRefusal, LeaseRefusal } from '../commands/index.ts';
import type { Verdict } from '../model/review.ts';
import type { TaskStatus } from '../model/statuses.ts';
import type { Task } from '../model/task.ts';
import type { TaskRecord } from './records.ts';

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
}

/** The review that was ended, and the task after its verdict; or the reason why not. */
export type ReviewedNow =
  | { readonly ok: true; readonly reviewId: string; readonly taskId: string; readonly status: TaskStatus }
  | { readonly ok: false; readonly reason: 'not_in_review'; readonly status: TaskStatus }
  | ClaimRefusal
  | LeaseRefusal;

/** The calls that it is made of. */
interface Calls {
  check(name: 'releaseTask', call: object): Promise<void>;
  getTask(id: string, namespace?: string): Promise<Pick<TaskRecord, 'id' | 'status' | 'review'> | null>;
  claimTask(call: {
    readonly agent: string;
    readonly instance?: string | undefined;
    readonly roles: string[];
    readonly sessionId: string;
    readonly namespace?: string | undefined;
  }): Promise<
    { readonly ok: true; readonly task: Pick<Task, 'id'>; readonly lease: { readonly token: string } } | ClaimRefusal
  >;
  releaseTask(call: {
    readonly token: string;
    readonly outcome: Verdict;
    readonly note?: string | undefined;
    readonly namespace?: string | undefined;
  }): Promise<{ readonly ok: true } | LeaseRefusal>;
}

/** Claims the first open review that the agent may have, and ends it. */
export async function reviewTask(orchestrator: Calls, call: ReviewCall): Promise<ReviewedNow> {
  const { agent, instance, verdict, notes, namespace } = call;
  const task = await orchestrator.getTask(call.taskId, namespace);
  if (task === null) return { ok: false, reason: 'not_found' };
  if (task.status !== 'in_review' || task.review === null)
    return { ok: false, reason: 'not_in_review', status: task.status };
  const roles = [...(call.roles ?? [task.review.role])];
  const end = { outcome: verdict, note: notes };
  // What is wrong with the verdict is said before anything is claimed for it.
  await orchestrator.check('releaseTask', { token: NO_TOKEN, ...end });

  let refusal: ClaimRefusal = { ok: false, reason: 'no_task', nextDueAt: null };
  for (const sessionId of task.review.open) {
    const claimed = await orchestrator.claimTask({ namespace, agent, instance, roles, sessionId });
    if (!claimed.ok) refusal = claimed;
    else {
      const { token } = claimed.lease;
      const reply = await orchestrator.releaseTask({ namespace, token, ...end });
      if (!reply.ok) return reply;
      const after = await orchestrator.getTask(task.id, namespace);
      return { ok: true, reviewId: claimed.task.id, taskId: task.id, status: after?.status ?? task.status };
    }
  }
  return refusal;
}

/** Has the form of a token, and was never granted. */
const NO_TOKEN = `1-${'0'.repeat(32)}`;
