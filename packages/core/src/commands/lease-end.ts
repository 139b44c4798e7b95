import type { EventDraft, LeaseEndFacts } from '../log/events.ts';
import type { Json } from '../model/json.ts';
import type { HeldSession } from '../model/lease.ts';
import { counted } from '../model/quantities.ts';
import { compareInQueue, type Task } from '../model/task.ts';
import type { Evidence } from './evidence.ts';
import type { HeldLease } from './held-lease.ts';
import { closeOwnSession } from './own-session.ts';

/** Why another process than its holder ends a lease. */
export type LeaseEnd =
  | { readonly type: 'task.recovered'; readonly reason: 'stale' | 'dead' | 'restored' }
  | { readonly type: 'lease.taken_over'; readonly reason: 'expired' | 'resumed' | 'dead' };

/** The agent that ends it, as far as known. */
export interface Actor {
  readonly agent?: string | undefined;
  readonly instance?: string | undefined;
}

/** The result of ending a lease. */
export interface EndedLeaseOutcome {
  readonly events: EventDraft[];
  /** What happened to the task of the lease. */
  readonly outcome: 'requeued' | 'dead_lettered' | 'cancelled';
  /** The session's head afterwards, if it is still open. */
  readonly head: Task | null;
}

/**
 * Ends a lease whose holder is gone. Its task goes back to its old place and counts an interruption. If its
 * cancellation was requested, it ends as cancelled instead. If no interruption is left, it becomes a dead letter.
 */
export function endLease(
  { session, task, head }: HeldLease,
  end: LeaseEnd,
  by: Actor,
  proof: Evidence | null,
): EndedLeaseOutcome {
  const closing = {
    sessionId: session.id,
    taskId: task.id,
    agent: by.agent ?? null,
    instance: by.instance ?? null,
    fence: session.fence,
    leaseEffect: 'ended',
  } as const satisfies Partial<EventDraft>;
  const events: EventDraft[] = [
    end.type === 'task.recovered'
      ? { ...closing, type: end.type, payload: { ...known(session, proof), reason: end.reason } }
      : { ...closing, type: end.type, payload: { ...known(session, proof), reason: end.reason } },
  ];

  const last = taskEndAfter(task);
  if (last === null) return { events, outcome: 'requeued', head: first(task, head) };
  events.push({ ...last.event, sessionId: session.id, taskId: task.id }, ...closeOwnSession(session, task.id));
  return { events, outcome: last.outcome, head };
}

function taskEndAfter(task: Task): { event: TaskEndEvent; outcome: 'dead_lettered' | 'cancelled' } | null {
  if (task.cancelRequestedAt !== null)
    return { event: { type: 'task.cancelled', payload: { outcome: null, error: null } }, outcome: 'cancelled' };
  if (task.interruptions < task.interruptionsMax) return null;
  const error: Json = {
    code: 'interrupted_too_often',
    message: `Its lease was lost ${counted(task.interruptions + 1, 'time')}; the limit is ${task.interruptionsMax}.`,
  };
  return { event: { type: 'task.failed', payload: { outcome: null, error, run_at: null } }, outcome: 'dead_lettered' };
}

type TaskEndEvent =
  | { readonly type: 'task.cancelled'; readonly payload: { outcome: null; error: null } }
  | { readonly type: 'task.failed'; readonly payload: { outcome: null; error: Json; run_at: null } };

function known(session: HeldSession, proof: Evidence | null): LeaseEndFacts {
  return {
    from_agent: session.agent,
    from_instance: session.instance,
    expires_at: session.leaseExpiresAt,
    heartbeat_at: session.heartbeatAt,
    stale_at: session.staleAt,
    evidence:
      proof === null
        ? null
        : {
            host: proof.host,
            boot: proof.boot,
            pid: proof.pid,
            process_start: proof.processStart,
            observed: proof.observed ?? null,
          },
  };
}

/** The better of the requeued task and the head that waited behind it. */
function first(requeued: Task, head: Task | null): Task {
  return head !== null && compareInQueue(head, requeued) < 0 ? head : requeued;
}
