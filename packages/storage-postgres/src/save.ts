import {
  compareCodePoints,
  compareInQueue,
  hasQueue,
  nextHeadOf,
  type Change,
  type WriteSet,
  type Session,
  type Task,
} from '@agent-orchestrator/core';
import type { Query } from './connection.ts';
import type { Cell } from './values.ts';
import type { Database } from './loaded-rows.ts';
import { query } from './statement-batch.ts';
import { FIELDS, SQL } from './statements.ts';
import { writing, type WriteName } from './writes.ts';

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

/**
 * The statements that write the decisions of a group: as few as the tables' rules allow, since each is a message and an
 * answer. One task of a session runs at a time, so those that stop running are written before others start; a head is
 * looked up after its queue was written. Events go with the last of them, so that followers of the log wait for as
 * little as possible. New rows with keys that another process may be adding, too, are in the order of these keys: of
 * two transactions that add the same ones, one waits for the other.
 */
export function saving(decisions: readonly WriteSet<unknown>[], database: Database): Query[] {
  const sessions = decisions.flatMap((writeSet) => writeSet.sessions);
  const tasks = decisions.flatMap((writeSet) => writeSet.tasks);
  const queues = changedQueues(tasks);
  const toUpdate = tasks.filter((change) => !isNew(change));
  const updates = Map.groupBy(
    sessions.filter((change) => !isNew(change)),
    (change) => sessionUpdate(change, queues),
  );
  const further = unsaved(queues, sessions);
  const clock = clockChange(decisions, database);

  const stopped: Write = ['updateTasks', toUpdate.filter(stops).map(taskUpdate)];
  const started: Write = ['updateTasks', toUpdate.filter((change) => !stops(change)).map(taskUpdate)];
  const newSessions = rowsOfNew(sessions, byId).map((session) => newSession(session, queues));
  const newTasks = rowsOfNew(tasks, byDedupeKey).map((task) => cells(FIELDS.task, task));
  const last: readonly Write[] = [
    ...[...updates].map(([{ name, fields }, changes]): Write => [
      name,
      changes.map((change) => changed(fields, change)),
    ]),
    ['insertEvents', decisions.flatMap(({ events }) => events).map((event) => cells(FIELDS.newEvent, event))],
    [
      'insertReceipts',
      decisions.flatMap(({ receipt }) => receipt ?? []).map((receipt) => cells(FIELDS.receipt, receipt)),
    ],
    ['noteClock', clock?.isAboutJump === false ? [clock.values] : []],
  ];
  // One statement writes its parts in no order that could be relied on, so several new sessions are not with their
  // events.
  const [early, late] = newSessions.length > 1 ? [newSessions, []] : [[], newSessions];
  const [stoppedEarly, changedLate] = started[1].length === 0 ? [[], stopped] : [[stopped], started];
  const first: readonly Write[] = [['insertSessions', early], ...stoppedEarly];
  const second: readonly Write[] = [['insertSessions', late], ['insertTasks', newTasks], changedLate];
  const looksUp = further.length > 0 || [...updates.keys()].some((update) => update.looksUp);
  return [
    ...write(first),
    ...(looksUp ? [...write(second), ...further, ...write(last)] : write([...second, ...last])),
    ...forget(decisions, database),
    ...(clock?.isAboutJump === true ? [query(SQL.saveClock, ...clock.values)] : []),
  ];
}

/** The cells of a row, in the order of the columns that are written. */
type Cells = readonly Cell[];

/** What is written, and the rows. */
type Write = readonly [name: WriteName, rows: readonly Cells[]];

/** In one statement what is not empty, if anything. */
function write(writes: readonly Write[]): Query[] {
  const some = writes.filter(([, rows]) => rows.length > 0);
  if (some.length === 0) return [];
  // Texts for few kinds of groups, since each connection prepares each: a command alone, but for its events, or more.
  const alone = some.every(([name, rows]) => rows.length === 1 || name === 'insertEvents');
  const isOne = ([, rows]: Write): boolean => alone && rows.length === 1;
  const text = writing(some.map((one) => ({ name: one[0], rows: isOne(one) ? 'one' : 'many' })));
  return [query(text, ...some.flatMap((one) => (isOne(one) ? one[1].flat() : columnsOf(one[1]))))];
}

/** The columns of some rows. */
function columnsOf(rows: readonly Cells[]): Cells[] {
  const [first = []] = rows;
  return first.map((_cell, column) => rows.map((row) => row[column] ?? null));
}

function cells<Field extends string>(fields: readonly Field[], row: Readonly<Record<Field, Cell>>): Cell[] {
  return fields.map((field) => row[field]);
}

/** What changed of a row, which row it is, and the version that it must still have. */
function changed<Row extends Session | Task>(
  fields: readonly (keyof Row & string)[],
  { before, after }: Change<Row>,
): Cells {
  return [
    ...cells(fields, after as Readonly<Record<keyof Row & string, Cell>>),
    after.namespace,
    after.id,
    before?.version ?? null,
  ];
}

function isNew({ before }: Change<unknown>): boolean {
  return before === null;
}

function rowsOfNew<Row>(changes: readonly Change<Row>[], order: (a: Row, b: Row) => number): Row[] {
  return changes.flatMap((change) => (isNew(change) ? [change.after] : [])).toSorted(order);
}

function byId(a: Session, b: Session): number {
  return compareCodePoints(a.id, b.id);
}

function byDedupeKey(a: Task, b: Task): number {
  return compareCodePoints(a.dedupeKey ?? '', b.dedupeKey ?? '');
}

/** Per session whose queue may have another head now: the tasks of this group that are in it. */
function changedQueues(tasks: readonly Change<Task>[]): Map<string, Task[]> {
  const changed = tasks.filter(({ before, after }) => before?.status === 'queued' || after.status === 'queued');
  return Map.groupBy(
    changed.map(({ after }) => after),
    ({ namespace, sessionId }) => keyOf(namespace, sessionId),
  );
}

/** Neither part can hold a line break. */
function keyOf(namespace: string, sessionId: string): string {
  return `${namespace}\n${sessionId}`;
}

/** All the tasks of a new session are new, so its head needs no look-up. */
function newSession(session: Session, queues: ReadonlyMap<string, readonly Task[]>): Cells {
  const queue = queues.get(keyOf(session.namespace, session.id)) ?? [];
  const head = queue.filter(({ status }) => status === 'queued').toSorted(compareInQueue)[0];
  const next = head === undefined ? null : nextHeadOf(head);
  return [
    ...cells(FIELDS.session, session),
    next?.taskId ?? null,
    next?.priority ?? null,
    next?.queuedAt ?? null,
    next?.kind ?? null,
    next?.addressee ?? null,
  ];
}

/** How a session is written. */
interface SessionUpdate {
  readonly name: WriteName;
  readonly fields: readonly (keyof Session)[];
  /** Whether it looks up the head of its queue. */
  readonly looksUp: boolean;
}

const SET_DEADLINES: SessionUpdate = { name: 'setSessionDeadlines', fields: FIELDS.deadlines, looksUp: false };
const SET_CHAIN = {
  kept: { name: 'setSessionChain', fields: FIELDS.chain, looksUp: false },
  none: { name: 'setSessionChainNoNext', fields: FIELDS.chain, looksUp: false },
  changed: { name: 'setSessionChainAndNext', fields: FIELDS.chain, looksUp: true },
} as const satisfies Readonly<Record<string, SessionUpdate>>;
const SET_LEASE = {
  kept: { name: 'setSessionLease', fields: FIELDS.lease, looksUp: false },
  none: { name: 'setSessionLeaseNoNext', fields: FIELDS.lease, looksUp: false },
  changed: { name: 'setSessionLeaseAndNext', fields: FIELDS.lease, looksUp: true },
} as const satisfies Readonly<Record<string, SessionUpdate>>;

/**
 * The statement that touches the fewest indexes. Without an event only the deadlines have moved: all else is logged.
 */
function sessionUpdate({ before, after }: Change<Session>, queues: ReadonlyMap<string, unknown>): SessionUpdate {
  const queueChanged = queues.has(keyOf(after.namespace, after.id));
  const head = queueChanged ? (hasQueue(after) ? 'changed' : 'none') : 'kept';
  const sameLease = before?.status === after.status && before.fence === after.fence;
  if (!sameLease) return SET_LEASE[head];
  return head === 'kept' && before.seq === after.seq ? SET_DEADLINES : SET_CHAIN[head];
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

function taskUpdate(change: Change<Task>): Cells {
  return changed<Task>(FIELDS.taskChanges, change);
}

/** Once for all receipts of a group, where there is one that is over. */
function forget(decisions: readonly WriteSet<unknown>[], { oldestReceiptAt }: Database): Query[] {
  const at = Math.max(...decisions.map(({ receipt, forgetReceiptsAt }) => (receipt === null ? 0 : forgetReceiptsAt)));
  return oldestReceiptAt === null || oldestReceiptAt > at ? [] : [query(SQL.forgetReceipts, at)];
}

/** The clocks' state as it becomes and as it was; null: it stays. */
function clockChange(
  decisions: readonly WriteSet<unknown>[],
  { clock: before, clockText }: Database,
): { readonly isAboutJump: boolean; readonly values: readonly [after: string, before: string] } | null {
  const states = decisions.flatMap(({ clock }) => clock ?? []);
  const last = states.at(-1);
  if (last === undefined) return null;
  const isAboutJump = before.jump !== null || states.some(({ jump }) => jump !== null);
  return { isAboutJump, values: [JSON.stringify(last), clockText] };
}
