import {
  addresseeOf,
  compareInQueue,
  counted,
  hasQueue,
  OrchestratorError,
  type Change,
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
  const queues = changedQueues(writeSet.tasks);
  for (const { before, after } of writeSet.sessions) {
    if (before === null) insertSession(on, after, queues.get(keyOf(after.namespace, after.id)));
  }
  saveTasks(on, writeSet.tasks);
  for (const { before, after } of writeSet.sessions) {
    const queue = keyOf(after.namespace, after.id);
    if (before !== null) updateSession(on, before, after, queues.has(queue));
    queues.delete(queue);
  }
  // A task that changed without its session: no event says so, but the index must.
  for (const [task] of queues.values()) if (task !== undefined) setNextHead(on, task.namespace, task.sessionId);

  for (const [index, event] of writeSet.events.entries()) {
    const id = index === 0 && eventIdBefore !== null ? eventIdBefore + 1 : null;
    on.insertEvent.run(id, ...valuesOf(event, FIELDS.event));
  }
  if (writeSet.receipt !== null) on.insertReceipt.run(...valuesOf(writeSet.receipt, FIELDS.receipt));
  if (writeSet.clock !== null) on.saveClock.run(JSON.stringify(writeSet.clock));
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
export function setNextHead(on: Statements, namespace: string, sessionId: string): void {
  on.setNext.run(...nextColumns(on.nextHead.get(namespace, sessionId)), namespace, sessionId);
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
  const { namespace, id } = after;
  const next = queueChanged ? nextColumns(hasQueue(after) ? on.nextHead.get(namespace, id) : undefined) : [];
  const [statement, fields] = sessionUpdate(on, before, after, queueChanged);
  assertOne(statement.run(...valuesOf(after, fields), ...next, namespace, id, before.version).changes, 'session', id);
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
function saveTasks(on: Statements, tasks: readonly Change<Task>[]): void {
  for (const change of tasks) if (stops(change)) saveTask(on, change);
  for (const change of tasks) if (!stops(change)) saveTask(on, change);
}

function stops({ before, after }: Change<Task>): boolean {
  return before?.status === 'running' && after.status !== 'running';
}

function saveTask(on: Statements, { before, after }: Change<Task>): void {
  if (before === null) {
    on.insertTask.run(...valuesOf(after, FIELDS.task));
    return;
  }
  assertOne(
    on.updateTask.run(...valuesOf(after, FIELDS.taskChanges), after.namespace, after.id, before.version).changes,
    'task',
    after.id,
  );
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
