import { z } from 'zod';
import { internalError } from '../model/errors.ts';
import type { EventDraft, LostLease } from '../log/events.ts';
import * as field from '../model/fields.ts';
import type { Json } from '../model/json.ts';
import { isHeld, type HeldSession } from '../model/lease.ts';
import type { LoadedSession } from '../storage/loaded.ts';
import { compareInQueue, type Task } from '../model/task.ts';
import { closeOwnSession } from './own-session.ts';

/**
 * What somebody found out about a holder: that its process is gone. It counts only if it speaks of the current lease and of
 * exactly the process that the lease names; core believes the observer, who must never report on a doubt.
 */
export const evidence = z.strictObject({
  sessionId: field.id,
  token: field.token,
  host: field.note,
  boot: field.note,
  pid: z.int().positive(),
  processStart: field.note,
  /** What was observed, for the log. */
  observed: field.note.optional(),
});

/** What somebody found out about a holder (see `evidence`). */
export type Evidence = z.output<typeof evidence>;

/** A held session as it was loaded. */
export interface HeldLoaded {
  readonly session: HeldSession;
  readonly task: Task;
  readonly head: Task | null;
}

/**
 * A loaded session with its running task, if somebody holds it.
 *
 * @throws `INTERNAL` if the task is gone: the lock is the session's, so it must not count as free
 */
export function asHeld({ session, task, head }: LoadedSession): HeldLoaded | null {
  if (!isHeld(session)) return null;
  if (task === null) throw internalError(`The task ${session.taskId} that runs in session ${session.id} is gone.`);
  return { session, task, head };
}

/** The evidence that proves this very holder dead, if there is one. */
export function evidenceAgainst(session: HeldSession, all: readonly Evidence[]): Evidence | null {
  const proves = (one: Evidence) =>
    one.sessionId === session.id &&
    one.token === session.token &&
    one.host === session.host &&
    one.boot === session.boot &&
    one.pid === session.pid &&
    one.processStart === session.processStart;
  return all.find(proves) ?? null;
}

/** Why a lease is closed by somebody else. */
export type Ending =
  | { readonly type: 'task.recovered'; readonly reason: 'stale' | 'dead' | 'restored' }
  | { readonly type: 'lease.taken_over'; readonly reason: 'expired' | 'resumed' | 'dead' };

/** Who closes it, as far as known. */
export interface Actor {
  readonly agent?: string | undefined;
  readonly instance?: string | undefined;
}

/** How closing a lease came out. */
export interface Closed {
  readonly events: EventDraft[];
  /** What became of the task that the lease was about. */
  readonly outcome: 'requeued' | 'dead_lettered' | 'cancelled';
  /** The session's head afterwards, if it is still open. */
  readonly head: Task | null;
}

/**
 * Closes a lease whose holder is gone. Its task goes back into its old place and is charged an interruption; if its
 * cancellation was asked it ends as cancelled instead, and without an interruption left it becomes a dead letter.
 */
export function closeLostLease(
  { session, task, head }: HeldLoaded,
  ending: Ending,
  by: Actor,
  proof: Evidence | null,
): Closed {
  const closing = {
    sessionId: session.id,
    taskId: task.id,
    agent: by.agent ?? null,
    instance: by.instance ?? null,
    token: session.token,
    leaseMark: 2 as const,
  };
  const events: EventDraft[] = [
    ending.type === 'task.recovered'
      ? { ...closing, type: ending.type, payload: { ...known(session, proof), reason: ending.reason } }
      : { ...closing, type: ending.type, payload: { ...known(session, proof), reason: ending.reason } },
  ];

  const last = lastWord(task);
  if (last === null) return { events, outcome: 'requeued', head: first(task, head) };
  events.push({ ...last.event, sessionId: session.id, taskId: task.id }, ...closeOwnSession(session, task.id));
  return { events, outcome: last.outcome, head };
}

function lastWord(task: Task): { event: EndingEvent; outcome: 'dead_lettered' | 'cancelled' } | null {
  if (task.cancelRequestedAt !== null)
    return { event: { type: 'task.cancelled', payload: { outcome: null, error: null } }, outcome: 'cancelled' };
  if (task.interruptions < task.interruptionsMax) return null;
  const error: Json = {
    code: 'interrupted_too_often',
    message: `Its holders were lost ${task.interruptions + 1} times; it survives ${task.interruptionsMax}.`,
  };
  return { event: { type: 'task.failed', payload: { outcome: null, error, run_at: null } }, outcome: 'dead_lettered' };
}

type EndingEvent =
  | { readonly type: 'task.cancelled'; readonly payload: { outcome: null; error: null } }
  | { readonly type: 'task.failed'; readonly payload: { outcome: null; error: Json; run_at: null } };

function known(session: HeldSession, proof: Evidence | null): LostLease {
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

/** The requeued task against the head that waited behind it. */
function first(requeued: Task, head: Task | null): Task {
  return head !== null && compareInQueue(head, requeued) < 0 ? head : requeued;
}
