import {
  cursorAhead,
  keyFingerprint,
  type EventPayloads,
  type EventRecord,
  type EventType,
  type Json,
  type Orchestrator,
  type OrchestratorReads,
  type TaskRecord,
} from '@agent-orchestrator/core';
import { isHeldByCaller, type CallerIdentity } from '../../processes/caller-identity.ts';
import { readDeadLetters } from '../dead-letters.ts';
import { lastEventBefore } from '../event-before.ts';
import { handOffOf, type HandOff } from '../hand-offs.ts';
import { lookBack } from '../look-back.ts';
import { readQuestions } from '../questions.ts';
import { rolesOf } from '../roles-of.ts';

/** Where to begin, and who asks. */
export interface SinceQuestion {
  /** After this event, or from this time (in milliseconds) on. */
  readonly from: { readonly eventId: number } | { readonly at: number };
  /** Whose tasks are listed as "waiting for you", beside those that wait for any person. */
  readonly agent?: string | undefined;
  /** By default those of the registry. */
  readonly roles?: readonly string[] | undefined;
  /** Who is called "you". */
  readonly caller?: CallerIdentity | undefined;
  /** Counting stops at this many events. */
  readonly countMax?: number;
}

/** The groups of events in the answer. */
export type SinceGroupName =
  | 'done'
  | 'reviewed'
  | 'failed'
  | 'cancelled'
  | 'recovered'
  | 'returned'
  | 'refused'
  | 'answered'
  | 'keys';

export const SINCE_GROUPS = {
  done: ['task.succeeded'],
  reviewed: ['task.review_requested', 'task.approved', 'task.changes_requested'],
  failed: ['task.failed'],
  cancelled: ['task.cancelled'],
  recovered: ['task.recovered', 'lease.taken_over'],
  returned: ['task.handed_back'],
  refused: ['lease.refused'],
  answered: ['task.answered'],
  keys: ['agent.key_set', 'agent.signed_roles_set'],
} as const satisfies Record<SinceGroupName, readonly EventType[]>;

/** One event as a line of the list. */
export interface SinceRow {
  readonly id: number;
  readonly at: number;
  readonly type: EventType;
  /** Null: the event is about the registry. */
  readonly sessionId: string | null;
  readonly taskId: string | null;
  readonly title: string | null;
  /** Of the task, for people. */
  readonly number: number | null;
  /** Of the event: of a refused write its author, of a lost lease the new holder, of a returned task its sender. */
  readonly agent: string | null;
  readonly fromAgent: string | null;
  /** The agent of the event is the caller; the lease was the caller's. */
  readonly you: boolean;
  readonly fromYou: boolean;
  /**
   * Why a lease ended; of a refused write, the operation; of a returned task, who did not claim it; of a review, what
   * to change; of the registry, the fingerprint of the new key, or the roles whose verdicts must be signed.
   */
  readonly reason: string | null;
  /** Of a failed attempt: its error, and when it is tried again (null: never). */
  readonly error: string | null;
  readonly runAt: number | null;
}

/** A question that waits for its answer. */
export type QuestionInBrief = Pick<
  TaskRecord,
  'id' | 'number' | 'sessionId' | 'title' | 'question' | 'askedAt' | 'askedBy' | 'askedAgent' | 'askedRole'
>;

export interface SinceGroup {
  readonly name: SinceGroupName;
  /** At least so many, if counting stopped. */
  readonly count: number;
  /** Newest first; at most a few. */
  readonly rows: readonly SinceRow[];
}

/** A task that waits for a person. */
export type WaitingTaskInBrief = HandOff & Pick<TaskRecord, 'finishedAt'>;

export interface Since {
  /** The answer begins after this event. `at` is the time that was asked for. */
  readonly from: { readonly eventId: number; readonly at: number | null };
  readonly groups: readonly SinceGroup[];
  /** Counting stopped: there may be more of each. */
  readonly isCapped: boolean;
  readonly waiting: {
    /** The oldest first; at most a few. */
    readonly questions: { readonly count: number; readonly tasks: readonly QuestionInBrief[] };
    readonly deadLetters: { readonly count: number; readonly tasks: readonly WaitingTaskInBrief[] };
    readonly forYou: readonly WaitingTaskInBrief[];
  };
  /** The authority's time, in milliseconds. */
  readonly askedAt: number;
}

export const SINCE_COUNT_MAX = 10_000;
const ROWS = 5;
const EVENTS_PER_PAGE = 100;
/** If counting stopped, the newest are looked for among this many events of the store. */
const NEWEST_REACH = 10_000;
const TYPES: readonly EventType[] = Object.values(SINCE_GROUPS).flat();

/**
 * What happened since then, and what waits for a person; from one snapshot.
 *
 * @throws `CURSOR_AHEAD` if the log ends before the event
 */
export async function readSince(
  orchestrator: Pick<Orchestrator, 'snapshot'>,
  question: SinceQuestion,
): Promise<Since & { readonly asOf: number }> {
  return orchestrator.snapshot(async (reads) => {
    const asOf = await reads.asOf();
    const { from, agent, countMax = SINCE_COUNT_MAX, caller = null } = question;
    if ('eventId' in from && from.eventId > asOf) throw cursorAhead(from.eventId, asOf, 'from.eventId');
    const eventId =
      'eventId' in from ? from.eventId : await lastEventBefore(reads, { at: from.at, now: await reads.now(), asOf });
    const { groups, isCapped } = await readGroups(reads, { from: eventId, asOf, countMax, caller });
    const counts = await reads.counts(undefined, countMax);
    const questions = await readQuestions(reads, counts, { countMax, limit: ROWS });
    const dead = await readDeadLetters(reads, counts, { countMax, limit: ROWS });
    const roles = await rolesOf(reads, agent, question.roles);
    const heads = agent === undefined ? [] : await reads.listHeadsFor({ agent, roles: [...roles], limit: ROWS });
    return {
      from: { eventId, at: 'at' in from ? from.at : null },
      groups,
      isCapped,
      waiting: {
        questions: { count: questions.count, tasks: questions.tasks.map(questionInBrief) },
        deadLetters: { count: dead.count, tasks: dead.tasks.map(inBrief) },
        forYou: heads.map(inBrief),
      },
      askedAt: await reads.now(),
      asOf,
    };
  });
}

async function readGroups(
  reads: OrchestratorReads,
  {
    from,
    asOf,
    countMax,
    caller,
  }: {
    readonly from: number;
    readonly asOf: number;
    readonly countMax: number;
    readonly caller: CallerIdentity | null;
  },
): Promise<{ readonly groups: readonly SinceGroup[]; readonly isCapped: boolean }> {
  const counts = new Map<EventType, number>();
  const newest = new Newest();
  let counted = 0;
  let after: string | null = String(from);
  while (after !== null && counted < countMax) {
    const page: Awaited<ReturnType<OrchestratorReads['listEvents']>> = await reads.listEvents({
      types: [...TYPES],
      limit: Math.min(EVENTS_PER_PAGE, countMax - counted),
      after,
    });
    for (const event of page.items) {
      counts.set(event.type, (counts.get(event.type) ?? 0) + 1);
      newest.add(event);
    }
    counted += page.items.length;
    after = page.next;
  }
  const isCapped = after !== null;
  if (isCapped) await addNewest(reads, newest, Math.max(from, asOf - NEWEST_REACH), asOf);
  const groups = Object.entries(SINCE_GROUPS).map(async ([name, types]): Promise<SinceGroup> => {
    const rows = await Promise.all(newest.of(types).map((event) => rowOf(reads, event, caller)));
    const count = types.reduce((sum, type) => sum + (counts.get(type) ?? 0), 0);
    // The newest may all have come after counting stopped.
    return { name: name as SinceGroupName, count: Math.max(count, rows.length), rows };
  });
  return { groups: await Promise.all(groups), isCapped };
}

async function addNewest(reads: OrchestratorReads, newest: Newest, from: number, asOf: number): Promise<void> {
  const { events } = await lookBack(
    (page) => reads.listEvents({ types: [...TYPES], ...page }),
    { end: asOf, reach: asOf - from, by: 'id', page: EVENTS_PER_PAGE },
    (found) => found.length >= ROWS * TYPES.length,
  );
  for (const event of events) newest.add(event);
}

/** The last few events of each type, added in any order. */
class Newest {
  readonly #byType = new Map<EventType, Map<number, EventRecord>>();

  add(event: EventRecord): void {
    const known = this.#byType.get(event.type) ?? new Map<number, EventRecord>();
    known.set(event.id, event);
    if (known.size > ROWS) known.delete(Math.min(...known.keys()));
    this.#byType.set(event.type, known);
  }

  of(types: readonly EventType[]): readonly EventRecord[] {
    const all = types.flatMap((type) => [...(this.#byType.get(type)?.values() ?? [])]);
    return all.toSorted((a, b) => b.id - a.id).slice(0, ROWS);
  }
}

/** The field of the payload that tells the reason, where it is another one. */
const REASON_FIELDS: { readonly [Type in EventType]?: string } = {
  'lease.refused': 'operation',
  'task.handed_back': 'returned_from',
  'task.changes_requested': 'notes',
};

function agentOf({ type, streamKind, streamId, agent }: EventRecord, said: Readonly<Record<string, Json>>) {
  if (type === 'task.handed_back') return textOf(said['assignee']);
  return streamKind === 'agent' ? streamId : agent;
}

/** What an event of the registry says of signatures; null: nothing. */
export function keysIn({ type, payload }: Pick<EventRecord, 'type' | 'payload'>): string | null {
  if (type === 'agent.key_set') {
    const { public_key: publicKey } = payload as EventPayloads['agent.key_set'];
    return publicKey === null ? 'no key any more' : `key ${keyFingerprint(publicKey)}`;
  }
  if (type !== 'agent.signed_roles_set') return null;
  const { signed_roles: roles } = payload as EventPayloads['agent.signed_roles_set'];
  return roles.length === 0 ? 'no role demands signatures any more' : `signed verdicts of ${roles.join(', ')}`;
}

async function rowOf(reads: OrchestratorReads, event: EventRecord, caller: CallerIdentity | null): Promise<SinceRow> {
  const { id, at, type, sessionId, taskId, payload } = event;
  const said = payload as Readonly<Record<string, Json>>;
  const task = taskId === null ? null : await reads.getTask(taskId);
  const agent = agentOf(event, said);
  const error = said['error'];
  const fromAgent = textOf(said['from_agent']);
  // The fence of a lost lease is that of its former holder, and the event's agent is the one that took it.
  const isLoss = fromAgent !== null;
  const former = { agent: fromAgent, instance: textOf(said['from_instance']), fence: event.fence };
  return {
    id,
    at,
    type,
    sessionId,
    taskId,
    title: task?.title ?? null,
    number: task?.number ?? null,
    agent,
    fromAgent,
    you:
      isLoss || type === 'task.handed_back' ? isNamedLikeCaller(caller, event, agent) : isHeldByCaller(caller, event),
    fromYou: isLoss && isHeldByCaller(caller, former),
    reason: keysIn(event) ?? textOf(said[REASON_FIELDS[type] ?? 'reason']),
    error: typeof error === 'object' && error !== null && 'message' in error ? textOf(error.message) : null,
    runAt: typeof said['run_at'] === 'number' ? said['run_at'] : null,
  };
}

/** Of a process that took a lease no fence is known. Within a run it is another process. */
function isNamedLikeCaller(caller: CallerIdentity | null, { instance }: EventRecord, agent: string | null): boolean {
  return isHeldByCaller(caller, { agent, instance, fence: null });
}

function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function inBrief(task: TaskRecord): WaitingTaskInBrief {
  const { finishedAt } = task;
  return { ...handOffOf(task), finishedAt };
}

function questionInBrief(task: TaskRecord): QuestionInBrief {
  const { id, number, sessionId, title, question, askedAt, askedBy, askedAgent, askedRole } = task;
  return { id, number, sessionId, title, question, askedAt, askedBy, askedAgent, askedRole };
}
