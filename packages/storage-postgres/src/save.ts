import {
  addresseeOf,
  compareInQueue,
  type Change,
  type Decision,
  type Session,
  type Task,
} from '@agent-orchestrator/core';
import type { Query, Value } from './link.ts';
import type { Database } from './load.ts';
import { query } from './script.ts';
import { FIELDS, SQL } from './statements.ts';

/** Whether there is anything to write. */
export function hasEffect(decision: Decision<unknown>): boolean {
  return (
    decision.sessions.length > 0 ||
    decision.tasks.length > 0 ||
    decision.events.length > 0 ||
    decision.receipt !== null ||
    decision.clock !== null
  );
}

/**
 * The statements that write the decisions of a group, in the order that the tables' rules ask for: one task of a session
 * runs at a time, so first those that stop running; a head is looked up when its queue is written; events come last, so
 * that followers of the log wait for as little as possible.
 */
export function saving(decisions: readonly Decision<unknown>[], database: Database): Query[] {
  const sessions = decisions.flatMap((decision) => decision.sessions);
  const tasks = decisions.flatMap((decision) => decision.tasks);
  const queues = changedQueues(tasks);
  return [
    ...sessions.filter(isNew).map(({ after }) => insertSession(after, queues.get(keyOf(after.namespace, after.id)))),
    ...tasks.filter(stops).map(saveTask),
    ...tasks.filter((change) => !stops(change)).map(saveTask),
    ...sessions.filter((change) => !isNew(change)).map((change) => updateSession(change, queues)),
    ...unsaved(queues, sessions),
    ...decisions.flatMap(({ events }) =>
      events.map((event) => query(SQL.insertEvent, ...FIELDS.newEvent.map((field) => event[field]))),
    ),
    ...decisions.flatMap(saveReceipt),
    ...forget(decisions),
    ...saveClock(decisions, database),
  ];
}

function isNew({ before }: Change<unknown>): boolean {
  return before === null;
}

/** Per session whose queue may have another head now: the tasks of this group that stand in it. */
function changedQueues(tasks: readonly Change<Task>[]): Map<string, Task[]> {
  const changed = tasks.filter(({ before, after }) => before?.status === 'queued' || after.status === 'queued');
  return Map.groupBy(
    changed.map(({ after }) => after),
    ({ namespace, sessionId }) => keyOf(namespace, sessionId),
  );
}

/** Neither part can hold a space. */
function keyOf(namespace: string, sessionId: string): string {
  return `${namespace} ${sessionId}`;
}

/** All the tasks of a new session are new, so its head needs no look-up. */
function insertSession(session: Session, queue: readonly Task[] = []): Query {
  const head = queue.filter(({ status }) => status === 'queued').toSorted(compareInQueue)[0];
  const next =
    head === undefined
      ? [null, null, null, null, null]
      : [head.id, head.priority, head.queuedAt, head.kind, addresseeOf(head)];
  return query(SQL.insertSession, ...valuesOf(session, FIELDS.session), ...next);
}

/** The statement that touches the fewest indexes. Without an event only the deadlines have moved: all else is logged. */
function updateSession({ before, after }: Change<Session>, queues: ReadonlyMap<string, unknown>): Query {
  const queueChanged = queues.has(keyOf(after.namespace, after.id));
  const sameLease = before?.status === after.status && before.token === after.token;
  const [text, fields] = !sameLease
    ? ([queueChanged ? SQL.leaseSessionAndNext : SQL.leaseSession, FIELDS.leased] as const)
    : queueChanged
      ? ([SQL.noteSessionAndNext, FIELDS.noted] as const)
      : before.seq === after.seq
        ? ([SQL.renewSession, FIELDS.renewed] as const)
        : ([SQL.noteSession, FIELDS.noted] as const);
  return query(text, ...valuesOf(after, fields), after.namespace, after.id, before?.version ?? 0);
}

/** A task that changed without its session: no event says so, but the index must. */
function unsaved(queues: ReadonlyMap<string, readonly Task[]>, sessions: readonly Change<Session>[]): Query[] {
  const saved = new Set(sessions.map(({ after }) => keyOf(after.namespace, after.id)));
  return [...queues].flatMap(([key, [task]]) =>
    task === undefined || saved.has(key) ? [] : [query(SQL.setNext, task.namespace, task.sessionId)],
  );
}

function stops({ before, after }: Change<Task>): boolean {
  return before?.status === 'running' && after.status !== 'running';
}

function saveTask({ before, after }: Change<Task>): Query {
  return before === null
    ? query(SQL.insertTask, ...valuesOf(after, FIELDS.task))
    : query(SQL.updateTask, ...valuesOf(after, FIELDS.taskChanges), after.namespace, after.id, before.version);
}

function saveReceipt({ receipt }: Decision<unknown>): Query[] {
  return receipt === null ? [] : [query(SQL.insertReceipt, ...valuesOf(receipt, FIELDS.receipt))];
}

/** Once for all receipts of a group. */
function forget(decisions: readonly Decision<unknown>[]): Query[] {
  const times = decisions.filter(({ receipt }) => receipt !== null).map(({ forgetReceiptsAt }) => forgetReceiptsAt);
  return times.length === 0 ? [] : [query(SQL.forgetReceipts, Math.max(...times))];
}

function saveClock(decisions: readonly Decision<unknown>[], { clock: before, clockText }: Database): Query[] {
  const states = decisions.flatMap(({ clock }) => clock ?? []);
  const last = states.at(-1);
  if (last === undefined) return [];
  const isAboutJump = before.jump !== null || states.some(({ jump }) => jump !== null);
  return [query(isAboutJump ? SQL.saveClock : SQL.noteClock, JSON.stringify(last), clockText)];
}

function valuesOf<Row>(row: Row, fields: readonly (keyof Row)[]): Value[] {
  return fields.map((field) => row[field] as Value);
}
