import type { ClockJump } from '../model/clock.ts';
import { silentFrom, takeoverReason, type ClaimInput } from '../commands/claim.ts';
import { isFor, isWanted } from '../commands/grant.ts';
import { endLease, type EndedLeaseOutcome } from '../commands/lease-end.ts';
import { evidenceAgainst } from '../commands/evidence.ts';
import { type HeldLease } from '../commands/held-lease.ts';
import type { Event, EventType } from '../log/events.ts';
import { nameOf, referenceTo } from '../model/names.ts';
import { isEnded } from '../model/statuses.ts';
import type { Task } from '../model/task.ts';

/** What has to hold for a task to be claimed, in the order in which it is told. */
export type ConditionName =
  | 'not_ended'
  | 'due'
  | 'session_open'
  | 'has_task'
  | 'not_held'
  | 'first_in_queue'
  | 'addressee'
  | 'kind'
  | 'not_cancelled'
  | 'attempts_left'
  | 'clock_settled';

/** One condition, with its verdict. Times in the sentences are ISO-8601 in UTC. */
export interface Condition {
  readonly name: ConditionName;
  readonly holds: boolean;
  readonly says: string;
  /** When it changes by itself, in milliseconds; null: never, or nobody can know. */
  readonly changesAt: number | null;
  /** The legal way on, where there is one to take. */
  readonly nextStep: string | null;
  /** Ids of the events that show it. */
  readonly events: readonly number[];
}

/** A task and all that stands around it, as a claim of its session would see it. */
export interface Situation {
  readonly task: Task;
  /** The task's session, its running task and its head; null where nobody holds it. */
  readonly held: HeldLease | null;
  /** The first of its waiting tasks. */
  readonly head: Task | null;
  readonly now: number;
  readonly jump: ClockJump | null;
  /** Who would claim, and what. */
  readonly claim: ClaimInput;
  /** What happened to the task, but for checkpoints. */
  readonly history: readonly Event[];
  /** What happened to the task that runs in its session. */
  readonly historyOfRunning: readonly Event[];
}

/** Every condition for this task to be what a claim of its session is granted. Each rule is asked where it is written. */
export function conditionsOf(situation: Situation): readonly Condition[] {
  if (isEnded(situation.task.status)) return [notEnded(situation)];
  return [
    notEnded(situation),
    due(situation),
    notHeld(situation),
    firstInQueue(situation),
    addressee(situation),
    kind(situation),
    notCancelled(situation),
    attemptsLeft(situation),
    clockSettled(situation),
  ];
}

/** The events that change a task's status. */
export const STATUS_EVENTS: readonly EventType[] = [
  'task.queued',
  'task.claimed',
  'task.succeeded',
  'task.failed',
  'task.retried',
  'task.released',
  'task.handed_off',
  'task.cancelled',
  'task.recovered',
  'lease.taken_over',
];

function notEnded({ task, history }: Situation): Condition {
  const events = lastOf(history, STATUS_EVENTS);
  if (!isEnded(task.status)) return met('not_ended', `It is ${task.status}.`, events);
  const ended = task.finishedAt === null ? '' : ` at ${iso(task.finishedAt)}`;
  const called = task.status === 'failed' ? 'failed for good: a dead letter' : task.status;
  return unmet('not_ended', `It has ended${ended}: ${called}.`, {
    nextStep:
      task.status === 'succeeded' ? null : `\`orchestrator task retry ${referenceTo('task', task)}\` queues it again.`,
    events,
  });
}

function due({ task, now, history }: Situation): Condition {
  const { runAt, status } = task;
  if (status !== 'scheduled' || runAt === null) return met('due', 'It waits for no time.');
  const events = lastOf(history, ['task.queued', 'task.failed', 'task.retried']);
  if (runAt <= now) return met('due', `Its time came at ${iso(runAt)}: the next claim finds it queued.`, events);
  const why = task.attempt === 0 ? 'as was asked when it was queued' : `the pause after failed attempt ${task.attempt}`;
  return unmet('due', `It is not to be claimed before ${iso(runAt)}: ${why}.`, {
    changesAt: runAt,
    nextStep: 'Nothing has to be done: a claim finds it from then on.',
    events,
  });
}

function notHeld({ held, claim, now, historyOfRunning }: Situation): Condition {
  if (held === null) return met('not_held', 'No agent holds its session.');
  const { session } = held;
  const { agent, leaseExpiresAt, staleAt } = session;
  const events = lastOf(historyOfRunning, ['task.claimed']);
  const who = `${agent}${session.instance === null ? '' : ` (${session.instance})`}`;
  const holder = `${who} holds session ${nameOf('session', session)} under fence ${session.fence}`;
  const life = `last heartbeat ${iso(session.heartbeatAt)}, stale from ${iso(staleAt)} on${missesOf(session.nearMisses)}`;
  const proof = evidenceAgainst(session, claim.evidence);
  if (proof !== null)
    return {
      ...met(
        'not_held',
        `${holder}, but ${proof.observed ?? `process ${proof.pid} is gone`}: it is dead; ${life}.`,
        events,
      ),
      nextStep: `\`orchestrator claim --session ${referenceTo('session', session)}\` takes it over at once; \`orchestrator recover\` puts what it held back in its place.`,
    };
  if (takeoverReason(claim, session, now) !== null)
    return met(
      'not_held',
      `${holder}, but the lease is over since ${iso(leaseExpiresAt)}: a claim of the session takes it over; ${life}.`,
      events,
    );
  const same = takeoverReason({ ...claim, agent, instance: undefined, resume: true }, session, now) !== null;
  return unmet('not_held', `${holder} until ${iso(leaseExpiresAt)}; ${life}.`, {
    changesAt: leaseExpiresAt,
    nextStep: `Then \`orchestrator claim --session ${referenceTo('session', session)}\` takes it over; from ${iso(staleAt)} on any claim and \`orchestrator recover\` do. ${
      same ? `Now` : `After ${iso(silentFrom(session))} without a heartbeat`
    } ${agent} itself, restarted, takes it back with --resume.`,
    events,
  });
}

function missesOf(count: number): string {
  return count === 0 ? '' : `, ${count} near misses so far`;
}

function firstInQueue(situation: Situation): Condition {
  const { task, historyOfRunning } = situation;
  const first = granted(situation);
  if (first === null || first.id === task.id)
    return met('first_in_queue', 'No other task of its session comes before it.');
  const how = first.status === 'running' ? 'runs' : 'waits before it';
  return unmet('first_in_queue', `Task ${nameOf('task', first)} of its session ${how}: a session is a strict queue.`, {
    nextStep: `\`orchestrator why task ${referenceTo('task', first)}\`; work that may run at the same time belongs into sessions of its own.`,
    events: first.status === 'running' ? lastOf(historyOfRunning, ['task.claimed']) : [],
  });
}

/**
 * The task that a claim of the session is about: the one that runs, or the one that would be granted if it fitted. Where the
 * holder would be lost, what runs goes back into its place first.
 */
export function granted({ held, head, claim, now }: Pick<Situation, 'held' | 'head' | 'claim' | 'now'>): Task | null {
  if (held === null) return head;
  const closed = takenOver(held, claim, now);
  return closed === null ? held.task : closed.head;
}

/** How a takeover would come out; null if none is allowed yet. */
function takenOver(held: HeldLease, claim: ClaimInput, now: number): EndedLeaseOutcome | null {
  const reason = takeoverReason(claim, held.session, now);
  return reason === null ? null : endLease(held, { type: 'lease.taken_over', reason }, claim, null);
}

function addressee({ task, claim, history }: Situation): Condition {
  const only = task.assignee === null ? task.role && `role ${task.role}` : `agent ${task.assignee}`;
  if (only === null) return met('addressee', 'Anybody may claim it.');
  const events = lastOf(history, ['task.handed_off', 'task.queued']);
  if (isFor(claim, task)) return met('addressee', `It is for ${only} alone.`, events);
  return unmet('addressee', `It is for ${only} alone, and not for ${claim.agent}.`, {
    nextStep:
      task.assignee === null
        ? `Whoever has the role claims it with --role ${task.role ?? ''}.`
        : `${task.assignee} claims it.`,
    events,
  });
}

function kind({ task, claim, history }: Situation): Condition {
  if (claim.kinds === undefined) return met('kind', `Its kind is ${task.kind}.`);
  const asked = claim.kinds.join(', ');
  if (isWanted(claim, task)) return met('kind', `Its kind is ${task.kind}, which is among those asked for: ${asked}.`);
  return unmet('kind', `Its kind is ${task.kind}, and asked for is ${asked}.`, {
    nextStep: `A claim with --kind ${task.kind}, or without --kind, would take it.`,
    events: lastOf(history, ['task.queued']),
  });
}

function notCancelled({ task, history }: Situation): Condition {
  if (task.cancelRequestedAt === null) return met('not_cancelled', 'Nobody asked to cancel it.');
  return unmet('not_cancelled', `It was asked to be cancelled at ${iso(task.cancelRequestedAt)}.`, {
    nextStep: 'Its holder learns of it with its next heartbeat; if the holder is gone, recovery ends it as cancelled.',
    events: lastOf(history, ['task.cancel_requested']),
  });
}

function attemptsLeft({ task, held, claim, now, history }: Situation): Condition {
  const used = `attempt ${task.attempt} of ${task.attemptsMax}, interruption ${task.interruptions} of ${task.interruptionsMax}`;
  const events = lastOf(history, ['task.failed', 'task.recovered', 'lease.taken_over']);
  const closed = held?.task.id === task.id ? takenOver(held, claim, now) : null;
  if (closed?.outcome !== 'dead_lettered') return met('attempts_left', `So far: ${used}.`, events);
  return unmet('attempts_left', `No interruption is left (${used}): a takeover or recovery makes it a dead letter.`, {
    nextStep: `Then \`orchestrator task retry ${referenceTo('task', task)}\` queues it again.`,
    events,
  });
}

function clockSettled({ jump, held }: Situation): Condition {
  if (jump === null) return met('clock_settled', 'No clock jump waits to be worked off.');
  const says = `The clock jumped by ${jump.byMs} ms (seen at ${iso(jump.seenAt)}): every holder gets a whole TTL before anybody may end its lease.`;
  return held === null
    ? met('clock_settled', says)
    : { ...met('clock_settled', says), nextStep: 'The next claim or `orchestrator recover` works it off.' };
}

/** A condition that holds. */
export function met(name: ConditionName, says: string, events: readonly number[] = []): Condition {
  return { name, holds: true, says, changesAt: null, nextStep: null, events };
}

/** A condition that does not hold. */
export function unmet(
  name: ConditionName,
  says: string,
  more: { readonly changesAt?: number; readonly nextStep?: string | null; readonly events?: readonly number[] },
): Condition {
  return {
    name,
    holds: false,
    says,
    changesAt: more.changesAt ?? null,
    nextStep: more.nextStep ?? null,
    events: more.events ?? [],
  };
}

export function lastOf(history: readonly Event[], types: readonly EventType[]): number[] {
  const last = history.findLast(({ type }) => types.includes(type));
  return last === undefined ? [] : [last.id];
}

export function iso(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
