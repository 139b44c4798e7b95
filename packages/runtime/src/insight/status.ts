import {
  isStale,
  noSessions,
  noTasks,
  type Counts,
  type EventRecord,
  type EventType,
  type OldestClaimable as Oldest,
  type Orchestrator,
  type SessionRecord,
  type TaskRecord,
} from '@agent-orchestrator/core';
import { isHeldByCaller, type CallerIdentity } from '../processes/caller-identity.ts';
import { readBlocked, type BlockedTask } from './blocked.ts';
import { readDeadLetters } from './dead-letters.ts';
import { lastEventBefore } from './event-before.ts';
import { everyRow, type ListStart } from './every-row.ts';
import { readHandOffs, type HandOffs } from './hand-offs.ts';
import type { LogPart } from './log-pages.ts';
import { readQuestions } from './questions.ts';
import { SINCE_GROUPS } from './since/read-since.ts';

/** Counts stop here; the status says so. */
const COUNT_MAX = 10_000;
/** Rows in each part of the screen; the counts say how many there are. */
const SHOWN = 5;
/** Refusals and changes of keys are shown for this long. */
const FRESH_MS = 3_600_000;

/** An agent at work: a held session and the task that runs in it. */
export interface Working {
  readonly sessionId: string;
  /** Of the session, for people. */
  readonly number: number;
  readonly agent: string | null;
  readonly instance: string | null;
  readonly fence: number | null;
  /** The caller's own lease. */
  readonly you: boolean;
  readonly task: {
    readonly id: string;
    readonly number: number;
    readonly kind: string;
    readonly title: string;
    readonly attempt: number;
    readonly startedAt: number | null;
  } | null;
  readonly stale: boolean;
  readonly cancelRequestedAt: number | null;
  readonly heartbeatAt: number | null;
  readonly leaseExpiresAt: number | null;
  readonly progress: SessionRecord['progress'];
  readonly nextAction: string | null;
}

/** A task that any agent, or the right one, could claim, and since when; and whether another may have waited longer. */
export type OldestClaimable = Oldest<Pick<TaskRecord, 'id' | 'number' | 'title' | 'queuedAt'>>;

export interface Status {
  /** What needs the operator. */
  readonly needsYou: {
    /** The tasks that wait for answers, the oldest question first. */
    readonly questions: readonly TaskRecord[];
    readonly deadLetters: readonly TaskRecord[];
    /** Work that is done and waits for its reviews, in the order of its ids. */
    readonly inReview: readonly TaskRecord[];
    /** Tasks that wait for one which has failed or was cancelled: they continue when that is retried. */
    readonly blocked: readonly BlockedTask[];
    readonly stale: readonly Working[];
    readonly cancellationsPending: readonly Working[];
    /** Of the last hour. */
    readonly refused: readonly EventRecord[];
    /** Keys that were set or revoked in the last hour, and changes of the roles that demand signatures. */
    readonly keyChanges: readonly EventRecord[];
    /** How many there are of each: the lists stop at a few. */
    readonly counts: Readonly<
      Record<
        | 'questions'
        | 'deadLetters'
        | 'blocked'
        | 'inReview'
        | 'stale'
        | 'cancellationsPending'
        | 'refused'
        | 'keyChanges',
        number
      >
    >;
  };
  /** So many waiting tasks were not looked at: some of them may wait for one that has failed or was cancelled. */
  readonly blockedUnread: number;
  /** Tasks that wait for whom they were handed off to, and those that came back. */
  readonly handOffs: HandOffs;
  readonly working: readonly Working[];
  /**
   * The task that has waited for a claim for the longest; null: none was found. `isCapped`: not all were looked at, and
   * another task may have waited for longer.
   */
  readonly oldestClaimable: OldestClaimable;
  readonly counts: Counts;
  /** A count that has reached this number means "at least this many". */
  readonly countedUpTo: number;
}

/** The status, the last event it counts, and the time of the store. */
export interface StatusAsOf extends Status {
  readonly asOf: number;
  readonly now: number;
}

/** The status of a store that holds nothing. */
export function emptyStatus(): Status {
  return {
    needsYou: {
      questions: [],
      deadLetters: [],
      inReview: [],
      blocked: [],
      stale: [],
      cancellationsPending: [],
      refused: [],
      keyChanges: [],
      counts: {
        questions: 0,
        deadLetters: 0,
        blocked: 0,
        inReview: 0,
        stale: 0,
        cancellationsPending: 0,
        refused: 0,
        keyChanges: 0,
      },
    },
    blockedUnread: 0,
    handOffs: { count: 0, isCapped: false, tasks: [] },
    working: [],
    oldestClaimable: { task: null, isCapped: false },
    counts: { sessions: noSessions(), tasks: noTasks(), events: 0 },
    countedUpTo: COUNT_MAX,
  };
}

/**
 * Reads everything that the screen shows. Writes nothing and takes no lock.
 *
 * @param caller whose leases are called its own, and come first among the agents at work
 */
export async function readStatus(
  orchestrator: Orchestrator,
  caller: CallerIdentity | null = null,
): Promise<StatusAsOf> {
  const asOf = await orchestrator.asOf();
  const now = await orchestrator.now();
  const counts = await orchestrator.counts(undefined, COUNT_MAX);
  const questions = await readQuestions(orchestrator, counts, { countMax: COUNT_MAX, limit: SHOWN });
  const deadLetters = await readDeadLetters(orchestrator, counts, { countMax: COUNT_MAX, limit: SHOWN });
  const inReview =
    counts.tasks.in_review === 0 ? [] : (await orchestrator.listTasks({ status: ['in_review'], limit: SHOWN })).items;
  const { blocked, unread: blockedUnread } = await readBlocked(orchestrator, counts);
  const working = await readWorking(orchestrator, caller, now);
  const stale = working.filter((one) => one.stale);
  const cancellationsPending = working.filter(({ cancelRequestedAt }) => cancelRequestedAt !== null);
  const fresh = { after: await lastEventBefore(orchestrator, { at: now - FRESH_MS, now, asOf }), upTo: asOf };
  const { refused, keyChanges } = await readFresh(orchestrator, fresh);
  return {
    needsYou: {
      questions: questions.tasks,
      deadLetters: deadLetters.tasks,
      inReview,
      blocked: blocked.slice(0, SHOWN),
      stale: stale.slice(0, SHOWN),
      cancellationsPending: cancellationsPending.slice(0, SHOWN),
      refused: refused.last,
      keyChanges: keyChanges.last,
      counts: {
        questions: questions.count,
        deadLetters: deadLetters.count,
        inReview: counts.tasks.in_review,
        blocked: blocked.length,
        stale: stale.length,
        cancellationsPending: cancellationsPending.length,
        refused: refused.count,
        keyChanges: keyChanges.count,
      },
    },
    blockedUnread,
    handOffs: await readHandOffs(orchestrator, SHOWN),
    working: working.toSorted((a, b) => Number(b.you) - Number(a.you)).slice(0, 2 * SHOWN),
    oldestClaimable: await readOldest(orchestrator, counts),
    counts,
    countedUpTo: COUNT_MAX,
    asOf,
    now,
  };
}

async function readOldest(orchestrator: Orchestrator, { tasks }: Counts): Promise<OldestClaimable> {
  if (tasks.queued + tasks.scheduled === 0) return { task: null, isCapped: false };
  const { task, isCapped } = await orchestrator.oldestClaimable();
  if (task === null) return { task, isCapped };
  const { id, number, title, queuedAt } = task;
  return { task: { id, number, title, queuedAt }, isCapped };
}

/** All held sessions: a stale one may be anywhere among them. */
async function readWorking(orchestrator: Orchestrator, caller: CallerIdentity | null, now: number): Promise<Working[]> {
  const tasks = new Map<string, TaskRecord>();
  for await (const task of everyRow((page) => orchestrator.listTasks({ status: ['running'], ...page })))
    tasks.set(task.id, task);
  const working: Working[] = [];
  for await (const session of everyRow((page) => orchestrator.listSessions({ status: ['running'], ...page })))
    working.push({
      ...workingOf(session, session.taskId === null ? undefined : tasks.get(session.taskId), now),
      you: isHeldByCaller(caller, session),
    });
  return working;
}

/** Some events of the last hour: how many there are, and the last ones. */
interface Fresh {
  readonly count: number;
  readonly last: readonly EventRecord[];
}

/**
 * The refusals and the changes of keys in a part of the log, in one look. The log has no index of types, so the part
 * begins where the hour does: however much has happened in it, nothing is buried, and what is older is not read.
 */
async function readFresh(
  orchestrator: Orchestrator,
  { after, upTo }: LogPart,
): Promise<{ readonly refused: Fresh; readonly keyChanges: Fresh }> {
  let [refused, keyChanges]: [Fresh, Fresh] = [NONE, NONE];
  const types: EventType[] = [...SINCE_GROUPS.refused, ...SINCE_GROUPS.keys];
  const list = (page: ListStart & { readonly limit: number }) => orchestrator.listEvents({ types, upTo, ...page });
  for await (const event of everyRow(list, { after: String(after) }))
    if (REFUSED.has(event.type)) refused = withOne(refused, event);
    else keyChanges = withOne(keyChanges, event);
  return { refused, keyChanges };
}

const REFUSED: ReadonlySet<EventType> = new Set(SINCE_GROUPS.refused);
const NONE: Fresh = { count: 0, last: [] };

function withOne({ count, last }: Fresh, event: EventRecord): Fresh {
  return { count: count + 1, last: [...last, event].slice(-SHOWN) };
}

function workingOf(
  session: Omit<SessionRecord, 'headTaskId'>,
  task: TaskRecord | undefined,
  now: number,
): Omit<Working, 'you'> {
  const { id: sessionId, number, agent, instance, fence, heartbeatAt, leaseExpiresAt, progress } = session;
  return {
    sessionId,
    number,
    agent,
    instance,
    fence,
    task:
      task === undefined
        ? null
        : {
            id: task.id,
            number: task.number,
            kind: task.kind,
            title: task.title,
            attempt: task.attempt,
            startedAt: task.startedAt,
          },
    stale: isStale(session, now),
    cancelRequestedAt: task?.cancelRequestedAt ?? null,
    heartbeatAt,
    leaseExpiresAt,
    progress,
    nextAction: session.context?.nextAction ?? null,
  };
}
