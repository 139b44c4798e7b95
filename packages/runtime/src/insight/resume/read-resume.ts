import {
  artifactsOf,
  compareInQueue,
  isAsking,
  isEnded,
  LEASE_END_EVENTS,
  PENDING_STATUSES,
  type EventRecord,
  type EventType,
  type Json,
  type Orchestrator,
  type OrchestratorReads,
  type SessionRecord,
  type TaskRecord,
  type TaskStatus,
} from '@agent-orchestrator/core';
import { isHeldByCaller, type CallerIdentity, type HeldBy } from '../../processes/caller-identity.ts';
import { lookBack } from '../look-back.ts';
import { Names, type Mentioned } from '../names.ts';
import { rolesOf } from '../roles-of.ts';
import { NO_QUESTIONS, readQuestionsFor } from './questions-for.ts';
import { readJudgedWork } from './judged-work.ts';
import type {
  AlsoHeld,
  EventInBrief,
  ResumeFacts,
  SessionFacts,
  SinceThen,
  TaskFacts,
  Tenure,
  WaitingFor,
  WaitingTask,
} from './resume-facts.ts';

/** Who asks, and about which session. The default is the session that the agent holds, or last held. */
export interface ResumeQuestion {
  readonly sessionId?: string | undefined;
  readonly agent?: string | undefined;
  /** The run of the agent that asks. */
  readonly instance?: string | undefined;
  /** Roles of the agent: what waits for one of them waits for the agent. By default those of the registry. */
  readonly roles?: readonly string[] | undefined;
  /** Who is called "you". */
  readonly caller?: CallerIdentity | undefined;
  /**
   * The session that the agent last held, as far as its machine remembers; null: it remembers none. Then only the end
   * of the log is searched for a later one. Default: the log is searched far back.
   */
  readonly lastHeld?: string | null | undefined;
}

export interface ResumeAnswer {
  /** null: there is nothing to continue. */
  readonly facts: ResumeFacts | null;
  /** The short names of the tasks and sessions in the facts. */
  readonly names: Names;
  /** Every event up to this id is in the facts. */
  readonly asOf: number;
}

const HELD_MAX = 20;
const WAITING_FOR_MAX = 10;
const QUEUE_READ = 100;
const QUEUE_MAX = 20;
const EVENTS_MAX = 20;
/** How far back the log is read, in events of the session. STORE_REACH counts the events of the whole store. */
const SINCE_REACH = 1_000;
const LEASES_REACH = 10_000;
const STORE_REACH = 100_000;
const STORE_REACH_IF_REMEMBERED = 1_000;
/** Small pages: results and contexts may be large. */
const EVENTS_PER_PAGE = 100;

const LEASE_TYPES: readonly EventType[] = ['task.claimed', ...LEASE_END_EVENTS.holder, ...LEASE_END_EVENTS.other];
/** What only a holder does. A refused write came from a former holder. */
const OWN_TYPES: ReadonlySet<EventType> = new Set(['task.claimed', 'session.checkpointed', ...LEASE_END_EVENTS.holder]);

/**
 * Reads what the agent was doing, what is left, and what changed since; from one snapshot, however long the log is.
 *
 * @throws `INVALID_INPUT` for an invalid name
 */
export async function readResume(
  orchestrator: Pick<Orchestrator, 'snapshot'>,
  question: ResumeQuestion,
): Promise<ResumeAnswer> {
  return orchestrator.snapshot(async (reads) => {
    const facts = await new ResumeReading(reads, question).facts();
    const names = await new Names().learn(reads, facts === null ? {} : mentionedIn(facts));
    return { facts, names, asOf: await reads.asOf() };
  });
}

/** The ids that the card may name. */
function mentionedIn({ session, alsoHeld, waitingFor, questions }: ResumeFacts): Required<Mentioned> {
  const others = [...questions, ...alsoHeld, ...waitingFor];
  const ofSession = session === null ? [] : [session.task, ...session.queue].map((task) => task?.id ?? null);
  const ofEvents = session?.since.events.map(({ taskId }) => taskId) ?? [];
  return {
    tasks: [...others.map(({ taskId }) => taskId), session?.task?.reviews?.taskId ?? null, ...ofSession, ...ofEvents],
    sessions: [...others.map(({ sessionId }) => sessionId), session?.id ?? null],
  };
}

class ResumeReading {
  readonly #reads: OrchestratorReads;
  readonly #question: ResumeQuestion;

  constructor(reads: OrchestratorReads, question: ResumeQuestion) {
    this.#reads = reads;
    this.#question = question;
  }

  async facts(): Promise<ResumeFacts | null> {
    const { sessionId, agent, instance } = this.#question;
    const roles = await rolesOf(this.#reads, agent, this.#question.roles);
    const { held, more: alsoHeldMore } = agent === undefined ? { held: [], more: false } : await this.#heldBy(agent);
    const chosen = sessionId ?? held[0]?.sessionId ?? (agent === undefined ? null : await this.#lastHeldBy(agent));
    const session = chosen === null ? null : await this.#session(chosen);
    const waitingFor = agent === undefined ? [] : await this.#waitingFor(agent, roles);
    const questions = agent === undefined ? NO_QUESTIONS : await readQuestionsFor(this.#reads, agent, roles);
    const facts = {
      agent: agent ?? null,
      instance: instance ?? null,
      roles,
      questions: questions.items,
      questionsMore: questions.more,
      session: sessionId === undefined && session !== null && isOver(session) ? null : session,
      alsoHeld: held.filter((one) => one.sessionId !== session?.id),
      alsoHeldMore,
      waitingFor: waitingFor.slice(0, WAITING_FOR_MAX),
      waitingForMore: waitingFor.length > WAITING_FOR_MAX,
    };
    const isEmpty = [facts.alsoHeld, waitingFor, questions.items].every(({ length }) => length === 0);
    return facts.session === null && isEmpty ? null : facts;
  }

  /** The caller's own lease first, then leases of this run, then the newest. */
  async #heldBy(agent: string): Promise<{ readonly held: readonly AlsoHeld[]; readonly more: boolean }> {
    const { items, next } = await this.#reads.listSessions({ status: ['running'], agent, limit: HELD_MAX });
    const held = items.map((one) => ({
      sessionId: one.id,
      taskId: one.taskId ?? '',
      fence: one.fence ?? 0,
      until: one.leaseExpiresAt ?? 0,
      instance: one.instance,
      you: this.#isYou(one),
    }));
    const isOwn = (one: AlsoHeld) => 2 * Number(one.you) + Number(one.instance === this.#question.instance);
    return { held: held.toSorted((a, b) => isOwn(b) - isOwn(a) || b.fence - a.fence), more: next !== null };
  }

  async #lastHeldBy(agent: string): Promise<string | null> {
    const { lastHeld } = this.#question;
    const isOwn = (event: EventInBrief) => event.agent === agent;
    const end = await this.#reads.asOf();
    const reach = lastHeld === undefined ? STORE_REACH : STORE_REACH_IF_REMEMBERED;
    const { events } = await lookBack(
      async (page) => brief(await this.#reads.listEvents({ types: ['task.claimed'], agent, ...page })),
      { end, reach, by: 'id', page: 500 },
      (claims) => claims.some(isOwn),
    );
    return events.findLast(isOwn)?.sessionId ?? lastHeld ?? null;
  }

  async #session(reference: string): Promise<SessionFacts | null> {
    const session = await this.#reads.getSession(reference);
    if (session === null) return null;
    const { id } = session;
    const running = session.taskId === null ? null : await this.#reads.getTask(session.taskId);
    const holder = this.#tenureOf(session, running);
    const tenure = holder !== null && this.#isMine(holder.agent) ? holder : await this.#lastTenure(session);
    const taskId = tenure?.taskId ?? session.taskId;
    const task = taskId === running?.id ? running : taskId === null ? null : await this.#reads.getTask(taskId);
    const reviews = task === null ? null : await readJudgedWork(this.#reads, task);
    return {
      id,
      status: session.status,
      tenure,
      holder,
      task: task === null ? null : { ...taskFacts(task, task.id === running?.id ? session.progress : null), reviews },
      checkpoint: await this.#checkpoint(session),
      ...(await this.#queue(session)),
      since: await this.#since(session, tenure?.agent ?? this.#question.agent ?? null),
    };
  }

  #isYou(lease: HeldBy): boolean {
    return isHeldByCaller(this.#question.caller ?? null, lease);
  }

  #tenureOf(session: SessionRecord, running: TaskRecord | null): Tenure | null {
    const { agent, instance, fence, taskId, leaseExpiresAt: until } = session;
    if (agent === null || fence === null || taskId === null || until === null) return null;
    const at = running?.startedAt ?? session.updatedAt;
    return { agent, instance, fence, you: this.#isYou(session), taskId, at, until, ended: null };
  }

  #isMine(agent: string | null): boolean {
    const { agent: me } = this.#question;
    return me === undefined || agent === me;
  }

  /** The last lease that is over. The event that ended it has its fence, too. */
  async #lastTenure(session: SessionRecord): Promise<Tenure | null> {
    const isMine = ({ type, agent }: EventInBrief) => type === 'task.claimed' && this.#isMine(agent);
    const leases = await this.#eventsOf(session, LEASE_TYPES, LEASES_REACH, (events) => events.some(isMine));
    const at = leases.findLastIndex(isMine);
    const claim = leases[at];
    if (claim === undefined || claim.agent === null || claim.fence === null || claim.taskId === null) return null;
    const { agent, instance, fence, taskId } = claim;
    const ended = leases.slice(at + 1).find((event) => event.fence === fence);
    return { agent, instance, fence, you: this.#isYou(claim), taskId, at: claim.at, until: null, ended: ended ?? null };
  }

  async #checkpoint(session: SessionRecord): Promise<SessionFacts['checkpoint']> {
    if (session.context === null) return null;
    const saved = await this.#eventsOf(session, ['session.checkpointed'], SINCE_REACH, (found) => found.length > 0);
    const last = saved.at(-1);
    return { ...session.context, at: last?.at ?? null, eventId: last?.id ?? null, agent: last?.agent ?? null };
  }

  async #queue({
    id,
    headTaskId,
    tasksOpen,
    taskId,
  }: SessionRecord): Promise<Pick<SessionFacts, 'queue' | 'waitingCount'>> {
    const waitingCount = tasksOpen - (taskId === null ? 0 : 1);
    if (waitingCount === 0) return { queue: [], waitingCount };
    const page = await this.#reads.listTasks({ sessionId: id, status: PENDING_STATUSES, limit: QUEUE_READ });
    if (page.next === null) {
      const of = (...statuses: TaskStatus[]) => page.items.filter(({ status }) => statuses.includes(status));
      const sorted = [
        ...of('queued').toSorted(compareInQueue),
        ...of('scheduled').toSorted(byRunAt),
        ...of('waiting').toSorted(byAskedAt),
        ...of('in_review', 'blocked'),
      ];
      return { queue: sorted.slice(0, QUEUE_MAX).map(waitingTask), waitingCount };
    }
    const head = headTaskId === null ? null : await this.#reads.getTask(headTaskId);
    return { queue: head === null ? [] : [waitingTask(head)], waitingCount };
  }

  async #since(session: SessionRecord, whose: string | null): Promise<SinceThen> {
    const isOwn = (event: EventInBrief) => event.agent === whose && OWN_TYPES.has(event.type);
    const { events, from } = await this.#lookBack(session, undefined, SINCE_REACH, (found) => found.some(isOwn));
    const at = events.findLastIndex(isOwn);
    const last = events[at];
    const after = events.slice(at + 1);
    const counts: Partial<Record<EventType, number>> = {};
    for (const { type } of after) counts[type] = (counts[type] ?? 0) + 1;
    const told = after.filter(({ type }) => type !== 'session.checkpointed').toReversed();
    return {
      last: last === undefined ? null : { id: last.id, seq: last.seq, at: last.at, type: last.type },
      counts,
      isCapped: last === undefined && from > 0,
      events: told.slice(0, EVENTS_MAX),
    };
  }

  async #waitingFor(agent: string, roles: readonly string[]): Promise<WaitingFor[]> {
    const heads = await this.#reads.listHeadsFor({ agent, roles: [...roles], limit: WAITING_FOR_MAX + 1 });
    const waiting: WaitingFor[] = [];
    for (const { id: taskId, sessionId, title, assignee, role, returnAt, returnedFrom, note: lastNote } of heads) {
      const { handedOver, isAcknowledged } = await this.#handOver(taskId);
      const note = isAcknowledged ? null : lastNote;
      waiting.push({ taskId, sessionId, title, assignee, role, handedOver, returnAt, returnedFrom, note });
    }
    // Newest handover first, then the other tasks.
    return waiting.toSorted((a, b) => (b.handedOver?.eventId ?? 0) - (a.handedOver?.eventId ?? 0));
  }

  /** A claim after the handover shows that the new agent has read the note. */
  async #handOver(taskId: string): Promise<Pick<WaitingFor, 'handedOver'> & { readonly isAcknowledged: boolean }> {
    const lastOf = async (...types: EventType[]) =>
      (await this.#reads.listEvents({ taskId, types, limit: 1, before: null })).items[0];
    const last = await lastOf('task.handed_off', 'task.claimed');
    const handOff = last?.type === 'task.claimed' ? await lastOf('task.handed_off') : last;
    return {
      handedOver: handOff === undefined ? null : { by: handOff.agent, at: handOff.at, eventId: handOff.id },
      isAcknowledged: handOff === undefined || handOff !== last,
    };
  }

  async #eventsOf(
    session: SessionRecord,
    types: readonly EventType[],
    reach: number,
    isEnough: (events: readonly EventInBrief[]) => boolean,
  ): Promise<readonly EventInBrief[]> {
    return (await this.#lookBack(session, types, reach, isEnough)).events;
  }

  async #lookBack(
    { id: sessionId, seq }: SessionRecord,
    types: readonly EventType[] | undefined,
    reach: number,
    isEnough: (events: readonly EventInBrief[]) => boolean,
  ) {
    return lookBack(
      async (page) =>
        brief(await this.#reads.listEvents({ sessionId, ...(types !== undefined && { types: [...types] }), ...page })),
      { end: seq, reach, by: 'seq', page: EVENTS_PER_PAGE },
      isEnough,
    );
  }
}

function brief({ items, next }: { readonly items: readonly EventRecord[]; readonly next: string | null }) {
  return { items: items.map(briefEvent), next };
}

function briefEvent({
  id,
  seq,
  type,
  at,
  taskId,
  agent,
  fence,
  streamId: sessionId,
  instance,
  payload,
}: EventRecord): EventInBrief {
  // The payload of an imported event may hold anything.
  const said = (type === 'legacy.event' ? {} : payload) as Readonly<Record<string, Json>>;
  const text = (name: string) => (typeof said[name] === 'string' ? said[name] : null);
  return {
    id,
    seq,
    type,
    at,
    taskId,
    agent,
    fence,
    fromAgent: text('from_agent'),
    reason: text('reason'),
    title: text('title'),
    note: text('note'),
    sessionId,
    instance,
  };
}

/** The agent ended its work itself, and nothing is left in the session. */
function isOver({ tenure, task, waitingCount, holder }: SessionFacts): boolean {
  if (tenure === null) return holder === null && waitingCount === 0;
  const { ended, agent } = tenure;
  const endedItself =
    ended !== null && ended.agent === agent && (LEASE_END_EVENTS.holder as readonly EventType[]).includes(ended.type);
  return endedItself && task !== null && isEnded(task.status) && waitingCount === 0 && holder === null;
}

function taskFacts(task: TaskRecord, progress: Json): Omit<TaskFacts, 'reviews'> {
  const { id, title, kind, status, attempt, attemptsMax, runAt, note, cancelRequestedAt, payload, result } = task;
  const { question, askedAt, askedBy, answer, answeredBy, openDependencies } = task;
  return {
    id,
    title,
    kind,
    status,
    attempt,
    attemptsMax,
    runAt,
    note,
    question,
    askedAt,
    askedBy,
    answer,
    answeredBy,
    openDependencies,
    cancelRequestedAt,
    payload: payload as Json,
    progress,
    artifacts: artifactsOf(result),
  };
}

function waitingTask(task: TaskRecord): WaitingTask {
  const { id, title, status, assignee, role, runAt, note, handedOffBy, returnAt } = task;
  return { id, title, status, assignee, role, runAt, asks: isAsking(task), note, handedOffBy, returnAt };
}

function byAskedAt(a: TaskRecord, b: TaskRecord): number {
  return (a.askedAt ?? 0) - (b.askedAt ?? 0) || (a.id < b.id ? -1 : 1);
}

function byRunAt(a: TaskRecord, b: TaskRecord): number {
  return (a.runAt ?? 0) - (b.runAt ?? 0) || (a.id < b.id ? -1 : 1);
}
