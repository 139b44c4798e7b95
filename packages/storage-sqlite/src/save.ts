import {
  addresseeOf,
  compareInQueue,
  counted,
  hasQueue,
  OrchestratorError,
  type Change,
  type NewEvent,
  type WriteSet,
  type Session,
  type Task,
} from '@agent-orchestrator/core';
import type { QueueHeadColumns } from './rows.ts';
import { FIELDS, type Statements } from './statements.ts';

/**
 * Writes the rows of a decision: new sessions, tasks, changed sessions with their next heads, events, receipt.
 *
 * @param eventIdBefore the id after which the events continue, if it is not the last one in the log
 */
export function save(on: Statements, writeSet: WriteSet<unknown>, eventIdBefore: number | null): void {
  const numbers = new Numbers(on, writeSet);
  const queues = changedQueues(writeSet.tasks);
  for (const { before, after } of writeSet.sessions) {
    if (before !== null) continue;
    on.addNamespace.run(after.namespace);
    insertSession(on, after, queues.get(keyOf(after.namespace, after.id)));
  }
  saveTasks(on, writeSet.tasks, numbers);
  for (const { before, after } of writeSet.sessions) {
    const queue = keyOf(after.namespace, after.id);
    if (before !== null) updateSession(on, before, after, queues.has(queue));
    queues.delete(queue);
  }
  // A task that changed without its session: no event says so, but the index must.
  for (const [task] of queues.values())
    if (task !== undefined) setNextHead(on, task.namespace, numbers.ofSession(task.namespace, task.sessionId));

  for (const [index, event] of writeSet.events.entries()) {
    const id = index === 0 && eventIdBefore !== null ? eventIdBefore + 1 : null;
    on.insertEvent.run(id, ...eventValues(event, numbers));
  }
  if (writeSet.receipt !== null) on.insertReceipt.run(...valuesOf(writeSet.receipt, FIELDS.receipt));
  if (writeSet.clock !== null) on.saveClock.run(JSON.stringify(writeSet.clock));
}

/** No row has it: what names it is refused. */
const NO_NUMBER = -1;

/** The numbers by which rows name sessions and tasks: those of the decision itself, and others that are looked up. */
class Numbers {
  readonly #on: Statements;
  readonly #sessions: ReadonlyMap<string, number>;
  readonly #tasks: ReadonlyMap<string, number>;

  constructor(on: Statements, { sessions, tasks }: WriteSet<unknown>) {
    this.#on = on;
    this.#sessions = numbersOf(sessions);
    this.#tasks = numbersOf(tasks);
  }

  ofSession(namespace: string, id: string): number {
    return this.#sessions.get(keyOf(namespace, id)) ?? this.#on.sessionNumber.get(namespace, id) ?? NO_NUMBER;
  }

  ofTask(namespace: string, id: string): number {
    return this.#tasks.get(keyOf(namespace, id)) ?? this.#on.taskNumber.get(namespace, id) ?? NO_NUMBER;
  }
}

function numbersOf(changes: readonly Change<Session | Task>[]): Map<string, number> {
  return new Map(changes.map(({ after }) => [keyOf(after.namespace, after.id), after.number]));
}

/** Whether there is anything to write. */
export function hasEffect(writeSet: WriteSet<unknown>): boolean {
  return (
    writeSet.sessions.length > 0 ||
    writeSet.tasks.length > 0 ||
    writeSet.events.length > 0 ||
    writeSet.receipt !== null ||
    writeSet.clock !== null
  );
}

/** Looks up the head of a session's queue and keeps it in the session's row, where the claim's index finds it. */
export function setNextHead(on: Statements, namespace: string, session: number): void {
  on.setNext.run(...nextColumns(on.nextHead.get(namespace, session)), session);
}

/** For each session whose queue may have a new head: the tasks of this decision that are in it. */
function changedQueues(tasks: readonly Change<Task>[]): Map<string, Task[]> {
  const queues = new Map<string, Task[]>();
  for (const { before, after } of tasks) {
    if (before?.status !== 'queued' && after.status !== 'queued') continue;
    const key = keyOf(after.namespace, after.sessionId);
    const queue = queues.get(key);
    if (queue === undefined) queues.set(key, [after]);
    else queue.push(after);
  }
  return queues;
}

/** Neither part can hold a line break. */
function keyOf(namespace: string, sessionId: string): string {
  return `${namespace}\n${sessionId}`;
}

/** All the tasks of a new session are new, so its head needs no look-up. */
function insertSession(on: Statements, session: Session, queue: readonly Task[] = []): void {
  const head = queue.filter(({ status }) => status === 'queued').toSorted(compareInQueue)[0];
  on.insertSession.run(...valuesOf(session, FIELDS.session), ...nextColumns(head));
}

function updateSession(on: Statements, before: Session, after: Session, queueChanged: boolean): void {
  const { namespace, number, id } = after;
  const next = queueChanged ? nextColumns(hasQueue(after) ? on.nextHead.get(namespace, number) : undefined) : [];
  const [statement, fields] = sessionUpdate(on, before, after, queueChanged);
  assertOne(statement.run(...valuesOf(after, fields), ...next, number, before.version).changes, 'session', id);
}

/**
 * The statement that touches the fewest indexes. Without an event only the deadlines have moved: all else is logged.
 */
function sessionUpdate(on: Statements, before: Session, after: Session, queueChanged: boolean) {
  const sameLease = before.status === after.status && before.fence === after.fence;
  if (!sameLease) return [queueChanged ? on.setSessionLeaseAndNext : on.setSessionLease, FIELDS.lease] as const;
  if (queueChanged) return [on.setSessionChainAndNext, FIELDS.chain] as const;
  return before.seq === after.seq
    ? ([on.setSessionDeadlines, FIELDS.deadlines] as const)
    : ([on.setSessionChain, FIELDS.chain] as const);
}

/** One task of a session runs at a time, and the database insists: first those that stop running. */
function saveTasks(on: Statements, tasks: readonly Change<Task>[], numbers: Numbers): void {
  for (const change of tasks) if (stops(change)) saveTask(on, change, numbers);
  for (const change of tasks) if (!stops(change)) saveTask(on, change, numbers);
}

function stops({ before, after }: Change<Task>): boolean {
  return before?.status === 'running' && after.status !== 'running';
}

function saveTask(on: Statements, { before, after }: Change<Task>, numbers: Numbers): void {
  if (before === null) {
    const session = numbers.ofSession(after.namespace, after.sessionId);
    on.insertTask.run(...FIELDS.task.map((field) => (field === 'sessionId' ? session : after[field])));
    return;
  }
  const { changes } = on.updateTask.run(...valuesOf(after, FIELDS.taskChanges), after.number, before.version);
  assertOne(changes, 'task', after.id);
}

/** In the order of `FIELDS.event`. */
function eventValues(event: NewEvent, numbers: Numbers): unknown[] {
  const { namespace, sessionId, taskId } = event;
  const stored = {
    ...event,
    streamId: event.streamKind === 'session' ? null : event.streamId,
    sessionId: sessionId === null ? null : numbers.ofSession(namespace, sessionId),
    taskId: taskId === null ? null : numbers.ofTask(namespace, taskId),
  };
  return FIELDS.event.map((field) => stored[field as keyof NewEvent]);
}

function valuesOf<Row>(row: Row, fields: readonly (keyof Row)[]): unknown[] {
  return fields.map((field) => row[field]);
}

function nextColumns(head: QueueHeadColumns | Task | undefined): unknown[] {
  return head === undefined
    ? [null, null, null, null, null]
    : [head.id, head.priority, head.queuedAt, head.kind, addresseeOf(head)];
}

function assertOne(changes: number, what: string, id: string): void {
  if (changes !== 1)
    throw new OrchestratorError(
      'INTERNAL',
      `The ${what} ${id} changed after it was loaded: the update changed ${counted(changes, 'row')} instead of one.`,
    );
}
