import { z } from 'zod';
import { backoffMs } from '../model/backoff.ts';
import { internalError } from '../model/errors.ts';
import * as field from '../model/fields.ts';
import { jitterFor } from '../model/ids.ts';
import type { Json } from '../model/json.ts';
import { DEFAULTS, LIMITS } from '../model/limits.ts';
import { isEnded, type TaskStatus } from '../model/statuses.ts';
import { addresseesOf, compareInQueue, type Task } from '../model/task.ts';
import { fenceOf } from '../model/token.ts';
import type { EventDraft, EventPayloads, EventType, ReleaseOutcome } from '../log/events.ts';
import { statusAfter } from '../log/lifecycle.ts';
import type { EndedLease, Loaded } from '../storage/loaded.ts';
import type { Command } from './command.ts';
import { fits, grantAll, receiptClaims, restoreClaims, type Claim, type Claimant, type Grants } from './grant.ts';
import type { HeldLease } from './held-lease.ts';
import { holderFields, leaseRefusal, lookUpHolder, refusedEvents, type LeaseRefusal } from './holder.ts';
import { closeOwnSession } from './own-session.ts';

/** How one lease ends. */
export const releaseItem = z
  .strictObject({
    ...holderFields,
    outcome: z.enum(['succeeded', 'failed', 'released', 'handed_off', 'cancelled']),
    /** The result of a task that succeeded. */
    result: field.json(LIMITS.result_bytes_max).optional(),
    /** The error of an attempt that failed or was cancelled. */
    error: z
      .strictObject({
        code: field.name.optional(),
        message: field.note,
        data: field.json(LIMITS.error_bytes_max).optional(),
      })
      .optional(),
    /** Do not retry: the failed task becomes a dead letter at once. */
    final: z.boolean().default(false),
    /** The agent or the role that the task is handed off to: exactly one of the two. */
    to: z.union([z.strictObject({ agent: field.name }), z.strictObject({ role: field.name })]).optional(),
    /** For the next holder, when the task is released or handed off. */
    note: field.note.optional(),
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

/** One item, checked and filled in. */
type ReleaseItem = z.output<typeof releaseItem>;

/** The input of `releaseTask` and `releaseTasks`. */
export const releaseInput = z
  .strictObject({
    namespace: field.name,
    commandId: field.commandId,
    /** With `claimNext`: 128 random bits in hex. The tokens of the next leases are made from it. Never stored. */
    seed: field.seed.optional(),
    items: z.array(releaseItem).min(1).max(LIMITS.batch_max),
    /** Claims the next heads in the same transaction: the best that fit, but not a task that was just given back. */
    claimNext: z
      .strictObject({
        agent: field.name,
        instance: field.name.optional(),
        roles: field.roles.default([]),
        kinds: field.kinds.optional(),
        ttlMs: field.ttlMs.default(DEFAULTS.ttl_ms),
        staleAfterMs: field.staleAfterMs.default(DEFAULTS.stale_after_ms),
        limit: field.batchLimit.default(1),
      })
      .optional(),
  })
  .refine(({ claimNext, seed }) => claimNext === undefined || seed !== undefined, {
    path: ['seed'],
    message: 'must be given with claimNext',
  })
  .superRefine(({ items }, context) => {
    const seen = new Map<string, number>();
    for (const [at, { token }] of items.entries()) {
      const before = seen.get(token);
      if (before === undefined) seen.set(token, at);
      else
        context.addIssue({ code: 'custom', path: ['items', at, 'token'], message: `is the token of items[${before}]` });
    }
  });

/** The input, checked and filled in. */
export type ReleaseInput = z.output<typeof releaseInput>;

/** One task after its release. */
export interface ReleasedItem {
  readonly ok: true;
  readonly sessionId: string;
  readonly taskId: string;
  /**
   * After a failed attempt with attempts left: `scheduled`. If cancellation was requested and it did not succeed:
   * `cancelled`.
   */
  readonly status: TaskStatus;
  /** When the next attempt may start after a failed one, in milliseconds. */
  readonly runAt: number | null;
  /** This lease had ended the same way before: nothing happened now. */
  readonly repeated: boolean;
}

/** Each task after its release, in the order of the items; and the next claims. */
export interface ReleaseReply {
  /** Whether any item was accepted. */
  readonly ok: boolean;
  /** null: this item was refused when the command ran; it can be sent again by a command of its own. */
  readonly items: readonly (ReleasedItem | LeaseRefusal | null)[];
  /** With `claimNext`: the claims, if any task fitted. */
  readonly next: readonly Claim[];
}

/**
 * Ends leases in one unit of work, each item decided by itself, and claims the next heads if requested. The receipt
 * stores the accepted items.
 */
export const release: Command<ReleaseInput, ReleaseReply> = {
  name: 'release',
  input: releaseInput,
  events: [
    'task.succeeded',
    'task.failed',
    'task.released',
    'task.handed_off',
    'task.cancelled',
    'session.closed',
    'task.claimed',
    'lease.refused',
  ],
  receipt: {
    store({ items, next }) {
      const claims = receiptClaims(next);
      return { ...claims, reply: { items: items.map(receiptItem), ...(next.length > 0 && { next: claims.reply }) } };
    },
    restore(stored, rows, input) {
      const { items, next = [] } = stored as unknown as StoredRelease;
      const { claimNext } = input;
      return {
        ok: true,
        items: items.map(restoreItem),
        next: claimNext === undefined ? [] : restoreClaims(claimNext, seedOf(input), next, rows),
      };
    },
  },

  scope({ namespace, commandId, items, claimNext }) {
    const sessions = items.map(({ token }) => ({ fence: fenceOf(token) }));
    const scope = { by: 'sessions', namespace, commandId, sessions } as const;
    if (claimNext === undefined) return scope;
    const { agent, roles, kinds, limit } = claimNext;
    return { ...scope, nextReady: { addressees: addresseesOf(agent, roles), limit, ...(kinds && { kinds }) } };
  },

  decide(input, loaded) {
    const judged = input.items.map((item, at) => judge(item, input.commandId, loaded, at));
    const next = takeNext(input, judged, loaded);
    return {
      events: [...judged.flatMap(({ events }) => events), ...next.events],
      reply(after) {
        const items = judged.map((one) => one.reply((id) => after.task(id)));
        return { ok: items.some(({ ok }) => ok), items, next: next.claims(after) };
      },
    };
  },
};

/** What a receipt stores of a release. */
interface StoredRelease {
  readonly items: readonly (ReceiptItem | null)[];
  readonly next?: Json;
}

/** An accepted item as a receipt stores it: without what most items have in common. */
interface ReceiptItem {
  readonly [part: string]: Json | undefined;
  readonly taskId: string;
  readonly status: TaskStatus;
  /** Missing: the session was made for the task, and has its id. */
  readonly sessionId?: string;
  /** Missing: null. */
  readonly runAt?: number;
  /** Missing: false. */
  readonly repeated?: true;
}

function receiptItem(item: ReleaseReply['items'][number]): ReceiptItem | null {
  if (!item?.ok) return null;
  const { taskId, sessionId, status, runAt, repeated } = item;
  return {
    taskId,
    status,
    ...(sessionId !== taskId && { sessionId }),
    ...(runAt !== null && { runAt }),
    ...(repeated && { repeated }),
  };
}

function restoreItem(stored: ReceiptItem | null): ReleasedItem | null {
  return stored === null ? null : { ok: true, sessionId: stored.taskId, runAt: null, repeated: false, ...stored };
}

/** The seed of the next leases: an input with `claimNext` has one. */
function seedOf({ seed }: ReleaseInput): string {
  if (seed === undefined) throw internalError('A release that claims the next task has no seed.');
  return seed;
}

/** A lease that its holder ends now. */
interface Release {
  readonly item: ReleaseItem;
  readonly held: HeldLease;
  readonly end: TaskEnd;
}

/** The decision on an item. */
interface Judged {
  readonly events: readonly EventDraft[];
  /** null: the lease had ended before, or the item is refused. */
  readonly release: Release | null;
  /** The task that this lease gave back before, when the same release was done. */
  readonly gaveBack: string | null;
  reply(taskAfter: (id: string) => Task): ReleasedItem | LeaseRefusal;
}

function judge(item: ReleaseItem, commandId: string, loaded: Loaded, at: number): Judged {
  const { held, ended } = lookUpHolder(item, loaded, at);
  if (held !== null) return released({ item, held, end: taskEndOf(item, commandId, held.task, loaded.now) });

  const before = repeated(item, ended);
  if (before !== null) {
    const gaveBack = isGivingBack(ended?.end.type) ? before.taskId : null;
    return { events: [], release: null, gaveBack, reply: () => before };
  }
  const refusal = leaseRefusal(ended, loaded, at);
  return { events: refusedEvents(item, ended, 'release'), release: null, gaveBack: null, reply: () => refusal };
}

function released(release: Release): Judged {
  const { held, end } = release;
  const { session, task } = held;
  const closing: EventDraft = {
    ...end,
    sessionId: session.id,
    taskId: task.id,
    agent: session.agent,
    instance: session.instance,
    fence: session.fence,
    leaseEffect: 'ended',
  };
  return {
    release,
    gaveBack: null,
    events: [closing, ...(endsForGood(end) ? closeOwnSession(session, task.id) : [])],
    reply(taskAfter) {
      const { status, runAt } = taskAfter(task.id);
      return {
        ok: true,
        sessionId: session.id,
        taskId: task.id,
        status,
        runAt: status === 'scheduled' ? runAt : null,
        repeated: false,
      };
    },
  };
}

type TaskEndType = 'task.succeeded' | 'task.failed' | 'task.released' | 'task.handed_off' | 'task.cancelled';
type TaskEnd = { [T in TaskEndType]: { readonly type: T; readonly payload: EventPayloads[T] } }[TaskEndType];

/**
 * The event for the reported outcome. If cancellation was requested, the task ends as cancelled, unless it succeeded.
 */
function taskEndOf(input: ReleaseItem, commandId: string, task: Task, now: number): TaskEnd {
  const { outcome, note = null } = input;
  const error: Json = input.error ?? null;
  if (outcome === 'succeeded') return { type: 'task.succeeded', payload: { outcome, result: input.result ?? null } };
  if (outcome === 'cancelled' || task.cancelRequestedAt !== null)
    return { type: 'task.cancelled', payload: { outcome, error } };
  switch (outcome) {
    case 'failed':
      return { type: 'task.failed', payload: { outcome, error, ...retryOf(input, commandId, task, now) } };
    case 'released':
      return { type: 'task.released', payload: { outcome, note } };
    case 'handed_off':
      return { type: 'task.handed_off', payload: { outcome, note, ...recipient(input.to) } };
  }
}

function retryOf(
  input: ReleaseItem,
  commandId: string,
  task: Task,
  now: number,
): Pick<EventPayloads['task.failed'], 'run_at' | 'delay_ms'> {
  if (input.final || task.attempt >= task.attemptsMax) return { run_at: null };
  const delayMs = backoffMs(task.backoffMs, task.attempt, jitterFor(commandId, task.id));
  return { run_at: now + delayMs, delay_ms: delayMs };
}

function recipient(to: { agent?: string; role?: string } = {}): { assignee: string | null; role: string | null } {
  return { assignee: to.agent ?? null, role: to.role ?? null };
}

function endsForGood({ type, payload }: TaskEnd): boolean {
  const status = statusAfter(type, payload);
  return status !== null && isEnded(status);
}

/** Claims the next heads if requested, and if any lease was ended. */
function takeNext(input: ReleaseInput, judged: readonly Judged[], loaded: Loaded): Grants {
  const [first] = judged.flatMap(({ release }) => release ?? []);
  if (input.claimNext === undefined || first === undefined) return { events: [], claims: () => [] };
  const claimant = claimantOf(input.claimNext, first);
  const heads = nextHeads(claimant, judged, loaded).slice(0, input.claimNext.limit);
  return grantAll(
    claimant,
    seedOf(input),
    heads.map((head) => ({ head, takeover: null })),
    loaded,
  );
}

/** The next leases belong to the process that held the first lease that was ended. */
function claimantOf(next: NonNullable<ReleaseInput['claimNext']>, { item, held }: Release): Claimant {
  const { host, boot, pid, processStart: start, processGroup: group, instance } = held.session;
  const process =
    host !== null && boot !== null && pid !== null && start !== null
      ? { host, boot, pid, start, group: group ?? undefined }
      : undefined;
  return { ...next, instance: next.instance ?? item.instance ?? instance ?? undefined, process };
}

/**
 * The heads that fit, best first: the next tasks of the released sessions, and the heads of idle sessions.
 * An idle session may be one that an item named, whose lease had ended before. What that lease gave back is not
 * claimed again.
 */
function nextHeads(claimant: Claimant, judged: readonly Judged[], loaded: Loaded): Task[] {
  const idle = loaded.sessions.filter(({ session }) => session.status === 'idle').map(({ head }) => head);
  const releases = judged.flatMap(({ release }) => release ?? []);
  const uncovered = releases.map(({ held: { task, head }, end }) => (isBlocked(task, head, end) ? null : head));
  const gaveBack = new Set(judged.map((one) => one.gaveBack));
  return [...uncovered, ...idle]
    .filter((head) => head !== null)
    .filter((head) => fits(claimant, head) && !gaveBack.has(head.id))
    .toSorted(compareInQueue);
}

/** A task that was given back is before the tasks that waited behind it, and must not be claimed again at once. */
function isBlocked(task: Task, head: Task | null, end: TaskEnd): boolean {
  return isGivingBack(end.type) && head !== null && compareInQueue(task, head) < 0;
}

function isGivingBack(type: EventType | undefined): boolean {
  return type === 'task.released' || type === 'task.handed_off';
}

/** A lease that has already ended with this outcome gets the same answer again, whatever the command id. */
function repeated({ outcome }: ReleaseItem, ended: EndedLease | null): ReleasedItem | null {
  if (ended === null) return null;
  const said = JSON.parse(ended.end.payload) as { outcome?: ReleaseOutcome; run_at?: number | null };
  const { streamId: sessionId, taskId, type } = ended.end;
  const status = statusAfter(type, said);
  if (said.outcome !== outcome || status === null) return null;
  return {
    ok: true,
    sessionId,
    taskId: taskId ?? '',
    status,
    runAt: said.run_at ?? null,
    repeated: true,
  };
}
