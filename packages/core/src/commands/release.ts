import { z } from 'zod';
import { backoffMs } from '../model/backoff.ts';
import type { EventDraft, EventPayloads, EventType, ReleaseOutcome } from '../log/events.ts';
import * as field from '../model/fields.ts';
import { jitterFor } from '../model/ids.ts';
import type { Json } from '../model/json.ts';
import { nextToken } from '../model/lease.ts';
import { DEFAULTS, LIMITS } from '../model/limits.ts';
import type { EndedLease, Loaded } from '../storage/loaded.ts';
import { addresseesOf, compareInQueue, type Task, type TaskStatus } from '../model/task.ts';
import { closeOwnSession } from './own-session.ts';
import { claimOf, fits, grant, type Claim, type Claimant } from './grant.ts';
import { findHolding, holderFields, leaseLost, type Holding, type LeaseLost } from './holder.ts';
import type { Command, Judgement } from './command.ts';

/** What `releaseTask` takes. */
export const releaseInput = z
  .strictObject({
    ...holderFields,
    commandId: field.commandId,
    outcome: z.enum(['succeeded', 'failed', 'released', 'handed_off', 'cancelled']),
    /** Of a task that succeeded. */
    result: field.json(LIMITS.result_bytes_max).optional(),
    /** Of an attempt that failed or was cancelled. */
    error: z
      .strictObject({
        code: field.name.optional(),
        message: field.note,
        data: field.json(LIMITS.error_bytes_max).optional(),
      })
      .optional(),
    /** A failure that another attempt would not mend: the task becomes a dead letter at once. */
    final: z.boolean().default(false),
    /** To whom the task is handed off: exactly one of the two. */
    to: z.union([z.strictObject({ agent: field.name }), z.strictObject({ role: field.name })]).optional(),
    /** For the next holder, when the task is released or handed off. */
    note: field.note.optional(),
    /** Takes the next head in the same transaction: the best of all that fits its agent, but not the task just released. */
    claimNext: z
      .strictObject({
        agent: field.name,
        roles: field.roles.default([]),
        kinds: field.kinds.optional(),
        ttlMs: field.ttlMs.default(DEFAULTS.ttl_ms),
        staleAfterMs: field.staleAfterMs.default(DEFAULTS.stale_after_ms),
      })
      .optional(),
  })
  .refine(({ outcome, to }) => (outcome === 'handed_off') === (to !== undefined), {
    path: ['to'],
    message: 'must be given with handed_off, and only then',
  })
  .refine(({ outcome, result }) => outcome === 'succeeded' || result === undefined, {
    path: ['result'],
    message: 'can only be given with succeeded',
  })
  .refine(({ outcome, error }) => outcome === 'failed' || outcome === 'cancelled' || error === undefined, {
    path: ['error'],
    message: 'can only be given with failed or cancelled',
  })
  .refine(({ outcome, final }) => outcome === 'failed' || !final, {
    path: ['final'],
    message: 'can only be given with failed',
  })
  .refine(({ outcome, note }) => outcome === 'released' || outcome === 'handed_off' || note === undefined, {
    path: ['note'],
    message: 'can only be given with released or handed_off',
  });

/** The input, checked and filled in. */
export type ReleaseInput = z.output<typeof releaseInput>;

/** What became of the task; or that the lease was lost. */
export type ReleaseReply =
  | {
      readonly ok: true;
      /** Of the task, afterwards: a failed attempt with attempts left is `scheduled`; a task whose cancellation was asked is `cancelled`. */
      readonly status: TaskStatus;
      /** When a failed attempt is tried again, in milliseconds. */
      readonly runAt: number | null;
      /** This lease had done the same before: nothing happened now. */
      readonly repeated: boolean;
      /** With `claimNext`: what was claimed, if anything fitted. */
      readonly next: Claim | null;
    }
  | LeaseLost;

/** Ends the lease with an outcome, and takes the next head if asked to. */
export const release: Command<ReleaseInput, ReleaseReply> = {
  name: 'release',
  leavesReceipt: true,

  scope(input) {
    const { namespace, commandId, sessionId, token, claimNext } = input;
    const scope = { by: 'session', namespace, commandId, sessionId, token } as const;
    if (claimNext === undefined) return scope;
    const addressees = addresseesOf(claimNext.agent, claimNext.roles);
    return { ...scope, then: { addressees, limit: 1, ...(claimNext.kinds && { kinds: claimNext.kinds }) } };
  },

  decide(input, loaded) {
    const held = findHolding(input, loaded);
    if (held === null) return repeated(input, loaded.endedLease) ?? leaseLost(input, loaded, 'release');

    const ending = endingOf(input, held.task, loaded.now);
    const { session, task } = held;
    const closing: EventDraft = {
      ...ending,
      sessionId: session.id,
      taskId: task.id,
      agent: session.agent,
      instance: session.instance,
      token: session.token,
      leaseMark: 2,
    };
    const events = [closing, ...(endsForGood(ending) ? closeOwnSession(session, task.id) : [])];
    const claimant = claimantOf(input, held);
    const next = claimant === null ? null : nextHead(claimant, held, ending, loaded);
    if (claimant !== null && next !== null)
      events.push(grant(claimant, next, nextToken(loaded.now, loaded.greatestToken), loaded.now));

    return {
      events,
      reply(after) {
        const { status, runAt } = after.task(task.id);
        return {
          ok: true,
          status,
          runAt: status === 'scheduled' ? runAt : null,
          repeated: false,
          next: next === null ? null : claimOf(next, null, after),
        };
      },
    };
  },
};

type EndingType = 'task.succeeded' | 'task.failed' | 'task.released' | 'task.handed_off' | 'task.cancelled';
type Ending = { [T in EndingType]: { readonly type: T; readonly payload: EventPayloads[T] } }[EndingType];

/** What the reported outcome comes to. A task whose cancellation was asked ends as cancelled, unless it was done all the same. */
function endingOf(input: ReleaseInput, task: Task, now: number): Ending {
  const { outcome, note = null } = input;
  const error: Json = input.error ?? null;
  if (outcome === 'succeeded') return { type: 'task.succeeded', payload: { outcome, result: input.result ?? null } };
  if (outcome === 'cancelled' || task.cancelRequestedAt !== null)
    return { type: 'task.cancelled', payload: { outcome, error } };
  switch (outcome) {
    case 'failed':
      return { type: 'task.failed', payload: { outcome, error, run_at: retryAt(input, task, now) } };
    case 'released':
      return { type: 'task.released', payload: { outcome, note } };
    case 'handed_off':
      return { type: 'task.handed_off', payload: { outcome, note, ...recipient(input.to) } };
  }
}

function retryAt(input: ReleaseInput, task: Task, now: number): number | null {
  if (input.final || task.attempt >= task.attemptsMax) return null;
  return now + backoffMs(task.backoffMs, task.attempt, jitterFor(input.commandId, task.id));
}

function recipient(to: ReleaseInput['to']): { assignee: string | null; role: string | null } {
  return {
    assignee: to !== undefined && 'agent' in to ? to.agent : null,
    role: to !== undefined && 'role' in to ? to.role : null,
  };
}

function endsForGood(ending: Ending): boolean {
  return (
    ending.type === 'task.succeeded' ||
    ending.type === 'task.cancelled' ||
    (ending.type === 'task.failed' && ending.payload.run_at === null)
  );
}

/** The holder goes on as the process it is. */
function claimantOf(input: ReleaseInput, { session }: Holding): Claimant | null {
  if (input.claimNext === undefined) return null;
  const { host, boot, pid, processStart: start, processGroup: group } = session;
  const process =
    host !== null && boot !== null && pid !== null && start !== null
      ? { host, boot, pid, start, group: group ?? undefined }
      : undefined;
  return { ...input.claimNext, instance: input.instance ?? session.instance ?? undefined, process };
}

function nextHead(claimant: Claimant, held: Holding, ending: Ending, loaded: Loaded): Task | null {
  const others = loaded.sessions.slice(1).flatMap(({ head }) => head ?? []);
  const ownHead = held.head !== null && !isBlocked(held.task, held.head, ending) ? [held.head] : [];
  return [...ownHead, ...others].toSorted(compareInQueue).find((head) => fits(claimant, head)) ?? null;
}

/** A task that was given back stands before what waited behind it, and is not to be taken again at once. */
function isBlocked(task: Task, head: Task, ending: Ending): boolean {
  return (ending.type === 'task.released' || ending.type === 'task.handed_off') && compareInQueue(task, head) < 0;
}

/** A release that this lease has done already answers the same again, whatever its command id. */
function repeated(input: ReleaseInput, ended: EndedLease | null): Judgement<ReleaseReply> | null {
  if (ended === null) return null;
  const said = JSON.parse(ended.closing.payload) as { outcome?: ReleaseOutcome; run_at?: number | null };
  if (said.outcome !== input.outcome) return null;
  const runAt = said.run_at ?? null;
  return {
    events: [],
    reply: () => ({ ok: true, status: statusAfter(ended.closing.type, runAt), runAt, repeated: true, next: null }),
  };
}

function statusAfter(closing: EventType, runAt: number | null): TaskStatus {
  switch (closing) {
    case 'task.succeeded':
      return 'succeeded';
    case 'task.cancelled':
      return 'cancelled';
    case 'task.failed':
      return runAt === null ? 'failed' : 'scheduled';
    default:
      return 'queued';
  }
}
