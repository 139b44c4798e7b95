import { internalError } from '../model/errors.ts';
import { fromJsonText } from '../model/json.ts';
import { isVerdict, roundOf } from '../model/review.ts';
import { addresseesOf, compareInQueue, type Task } from '../model/task.ts';
import { fenceOf } from '../model/token.ts';
import type { EventDraft, ReleaseOutcome } from '../log/events.ts';
import { statusAfter } from '../log/lifecycle.ts';
import type { EndedLease, Loaded } from '../storage/loaded.ts';
import { AwaitedTasks } from './awaited-tasks.ts';
import { entriesOf, mayClaim, rolesToAsk, withRoles } from './admission.ts';
import { needMore, type Command, type Needs } from './command.ts';
import { fits, grantAll, receiptClaims, restoreClaims, type Claimant, type Grants } from './grant.ts';
import { assertEndFits, assertFirstVerdict, nextRound, queueReviews, ReviewedTasks } from './review.ts';
import type { HeldLease } from './held-lease.ts';
import { leaseRefusal, lookUpHolder, refusedEvents, type HolderLookup, type LeaseRefusal } from './holder.ts';
import { closeOwnSession } from './own-session.ts';
import { releaseInput, type ReleaseInput, type ReleaseItem } from './release-input.ts';
import { receiptItem, restoreItem, type ReleasedItem, type ReleaseReply, type StoredRelease } from './release-reply.ts';
import { endsForGood, hasOtherTerms, isGivingBack, taskEndOf, type TaskEnd } from './task-end.ts';

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
    'task.asked',
    'task.waiting',
    'task.cancelled',
    'task.review_requested',
    'task.approved',
    'task.changes_requested',
    'task.cancel_requested',
    'task.reviewer_excluded',
    'session.opened',
    'task.queued',
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

  claimant: ({ claimNext }) => claimNext ?? null,

  scope({ namespace, commandId, items, claimNext }, { registered = [], needs } = {}) {
    const sessions = items.map(({ token }) => ({ fence: fenceOf(token) }));
    const related = [...items.flatMap(({ on = [] }) => on), ...(needs?.related ?? [])];
    const scope = {
      by: 'sessions',
      namespace,
      commandId,
      sessions,
      ...needs,
      ...(related.length > 0 && { related: [...new Set(related)] }),
    } as const;
    if (claimNext === undefined) return scope;
    const { agent, kinds, limit } = claimNext;
    const addressees = addresseesOf(agent, rolesToAsk(claimNext, registered));
    return {
      ...scope,
      agents: [...new Set([...entriesOf(claimNext), ...(needs?.agents ?? [])])],
      nextReady: { addressees, agent, limit, ...(kinds && { kinds }) },
    };
  },

  decide(input, loaded) {
    const ends = input.items.map((item, at): Asked => ({ item, at, lease: lookUpHolder(item, loaded, at) }));
    const needs = needsOf(ends, loaded);
    if (needs !== null) return needMore(needs);
    const work: Work = {
      loaded,
      reviewed: new ReviewedTasks(loaded),
      awaited: new AwaitedTasks(loaded),
      numbers: loaded.numbers.values(),
    };
    const judged = ends.map((end) => judge(end, input.commandId, work));
    const next = takeNext(input, judged, loaded);
    const events: EventDraft[] = [];
    for (const one of judged) events.push(...one.events);
    events.push(...next.events);
    return {
      events,
      reply(after) {
        const items = judged.map((one) => one.reply((id) => after.task(id)));
        return { ok: items.some(({ ok }) => ok), items, next: next.claims(after) };
      },
    };
  },
};

/** The seed of the next leases: an input with `claimNext` has one. */
function seedOf({ seed }: ReleaseInput): string {
  if (seed === undefined) throw internalError('A release that claims the next task has no seed.');
  return seed;
}

/** An item, its place among the others, and the lease that it names. */
interface Asked {
  readonly item: ReleaseItem;
  readonly at: number;
  readonly lease: HolderLookup;
}

/** A lease that its holder ends now. */
interface Release {
  readonly item: ReleaseItem;
  readonly held: HeldLease;
  readonly end: TaskEnd;
  /** The item in the input, for errors. */
  readonly path: string;
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

/** What a unit of work has, and what its items before have used of it. */
interface Work {
  readonly loaded: Loaded;
  readonly reviewed: ReviewedTasks;
  readonly awaited: AwaitedTasks;
  readonly numbers: Iterator<number>;
}

function judge({ item, at, lease: { held, ended } }: Asked, commandId: string, work: Work): Judged {
  const { loaded, reviewed, awaited } = work;
  if (held !== null) {
    const task = reviewed.asOfNow(held.task);
    assertEndFits(item, task, `items[${at}]`);
    if (isVerdict(item.outcome)) assertFirstVerdict({ session: held.session, task }, `items[${at}]`);
    const end = taskEndOf(item, { commandId, at, now: loaded.now, awaited }, task);
    const { assignee } = end.type === 'task.handed_off' ? end.payload : task;
    reviewed.released(task, { status: statusAfter(end.type, end.payload) ?? task.status, assignee });
    return released({ item, held, end, path: `items[${at}]` }, work);
  }

  const before = repeated(item, ended);
  if (before !== null) {
    const gaveBack = before.status === 'queued' ? before.taskId : null;
    return { events: [], release: null, gaveBack, reply: () => before };
  }
  const refusal = leaseRefusal(ended, loaded, at);
  return { events: refusedEvents(item, ended, 'release'), release: null, gaveBack: null, reply: () => refusal };
}

function released(release: Release, work: Work): Judged {
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
    events: [closing, ...furtherEvents(release, work)],
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

/** What else a release does: where the task ends for good, and where a review begins or ends with it. */
function furtherEvents(release: Release, work: Work): EventDraft[] {
  const { held, end } = release;
  const { session, task } = held;
  const failure =
    end.type === 'task.asked' || end.type === 'task.waiting' ? work.awaited.cancelledBy(end.payload) : null;
  return [
    ...(failure === null
      ? []
      : [{ type: 'task.cancelled', sessionId: session.id, taskId: task.id, payload: failure } as const]),
    ...(failure !== null || endsForGood(end) ? closeOwnSession(session, task.id) : []),
    ...reviewEvents(release, work),
  ];
}

function reviewEvents({ held, end, item, path }: Release, { reviewed, numbers, loaded }: Work): EventDraft[] {
  const review = nextRound(held.task);
  if (end.type === 'task.review_requested' && review !== null)
    return queueReviews(held.task, review, end.payload.reviews, { numbers, agents: loaded.agents });
  if (end.type !== 'task.succeeded' || !isVerdict(item.outcome)) return [];
  return reviewed.judge(held, { verdict: item.outcome, notes: item.note ?? '', signature: item.signature }, path);
}

/** What has to be loaded besides, where reviews begin or end, or where a holder waits for others; null: nothing. */
function needsOf(ends: readonly Asked[], loaded: Loaded): Needs | null {
  const reviewed = new ReviewedTasks(loaded);
  const awaited = new AwaitedTasks(loaded);
  const related = new Set(ends.flatMap(({ item }) => awaited.neededFor(item)));
  const [extra, agents] = [new Set<string>(), new Set<string>()];
  let numbers = 0;
  for (const { item, lease } of ends) {
    const held = item.outcome === 'succeeded' || isVerdict(item.outcome) ? lease.held : null;
    if (held === null) continue;
    if (!isVerdict(item.outcome)) {
      const { approvals = 0 } = nextRound(held.task) ?? {};
      numbers += approvals;
      if (approvals > 0 && held.task.reviewer !== null)
        for (const name of entriesOf({ agent: held.task.reviewer })) agents.add(name);
    } else {
      for (const id of reviewed.neededFor(held.task)) extra.add(id);
      for (const name of entriesOf(held.session)) agents.add(name);
    }
  }
  if (extra.size === 0 && related.size === 0 && numbers <= loaded.numbers.length) return null;
  // The key of the reviewer is loaded with the first look at the task that it judges.
  return {
    extraTaskIds: [...extra],
    newRows: numbers,
    related: [...related],
    ...(agents.size > 0 && { agents: [...agents] }),
  };
}

/**
 * Claims the next heads if requested, and if any lease was ended. What the registry refuses is not claimed, but what
 * was done is released all the same: a claim then says why.
 */
function takeNext(input: ReleaseInput, judged: readonly Judged[], loaded: Loaded): Grants {
  const { claimNext } = input;
  const first = claimNext && judged.find(({ release }) => release !== null)?.release;
  if (!claimNext || !first || !mayClaim(claimNext, loaded.agents)) return { events: [], claims: () => [] };
  const claimant = withRoles(claimantOf(claimNext, first), loaded.agents);
  const heads = nextHeads(claimant, judged, loaded).slice(0, claimNext.limit);
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
  // What a verdict makes of the other reviews of its round was not there yet when the heads were loaded.
  const rounds = new Set(releases.map(({ held }) => roundOf(held.task)).filter((round) => round !== null));
  const again = queuedAgain(judged, loaded);
  return [...uncovered, ...idle]
    .filter((head) => head !== null)
    .filter((head) => !again.some((task) => task.sessionId === head.sessionId && compareInQueue(task, head) < 0))
    .filter((head) => fits(claimant, head) && !gaveBack.has(head.id) && !rounds.has(roundOf(head) ?? ''))
    .toSorted(compareInQueue);
}

/** The reviewed tasks that verdicts put back in their places: like those given back, they are not claimed at once. */
function queuedAgain(judged: readonly Judged[], loaded: Loaded): Task[] {
  const changed = judged
    .flatMap(({ events }) => events)
    .filter((event) => event.type === 'task.changes_requested' && !event.payload.final)
    .map(({ taskId }) => taskId);
  return loaded.tasks.filter(({ id }) => changed.includes(id));
}

/** A task that was given back is before the tasks that waited behind it, and must not be claimed again at once. */
function isBlocked(task: Task, head: Task | null, end: TaskEnd): boolean {
  return isGivingBack(end) && head !== null && compareInQueue(task, head) < 0;
}

/** What the answer to a release is made of, in the payload of its event. */
interface Repeatable {
  readonly outcome?: ReleaseOutcome;
  readonly run_at?: number | null;
  readonly cancelled?: true;
}

/** A lease that has already ended with this outcome gets the same answer again, whatever the command id. */
function repeated(item: ReleaseItem, ended: EndedLease | null): ReleasedItem | null {
  if (ended === null) return null;
  const { streamId: sessionId, taskId, type } = ended.end;
  const said = fromJsonText(ended.end.payload) as Repeatable;
  const status = said.cancelled === true ? 'cancelled' : statusAfter(type, said);
  if (said.outcome !== item.outcome || status === null) return null;
  return {
    ok: true,
    sessionId,
    taskId: taskId ?? '',
    status,
    runAt: said.run_at ?? null,
    repeated: true,
    ...(hasOtherTerms(item, { type, payload: said } as TaskEnd) && { otherTerms: true }),
  };
}
