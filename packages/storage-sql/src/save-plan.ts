import {
  compareCodePoints,
  compareInQueue,
  hasQueue,
  type Agent,
  type Change,
  type Dependency,
  type DependencyEnd,
  type EndedDependency,
  type NewEvent,
  type Receipt,
  type Session,
  type Task,
  type WriteSet,
} from '@agent-orchestrator/core';
import { FIELDS } from './fields.ts';

/**
 * How the row of a session is updated: which fields, and whether the head of its queue stays, is none any more, or is
 * looked up. There are several, so that an update touches the fewest indexes.
 */
export const SESSION_UPDATES = {
  deadlines: { fields: FIELDS.deadlines, head: 'kept' },
  chain: { fields: FIELDS.chain, head: 'kept' },
  chainWithoutHead: { fields: FIELDS.chain, head: 'none' },
  chainWithHead: { fields: FIELDS.chain, head: 'looked_up' },
  lease: { fields: FIELDS.lease, head: 'kept' },
  leaseWithoutHead: { fields: FIELDS.lease, head: 'none' },
  leaseWithHead: { fields: FIELDS.lease, head: 'looked_up' },
} as const;

export type SessionUpdateName = keyof typeof SESSION_UPDATES;

/** The change of a row that is there: `before` has the version that it must still have. */
export type Update<Row> = Change<Row> & { readonly before: Row };

/** What is written of the decisions of a group, in the order in which the tables take it. */
export interface SavePlan {
  /** By id. All the tasks of a new session are new, so its head needs no look-up. */
  readonly newSessions: readonly { readonly session: Session; readonly head: Task | null }[];
  /** One task of a session runs at a time: those that stop running come before others start. */
  readonly stoppedTasks: readonly Update<Task>[];
  readonly changedTasks: readonly Update<Task>[];
  /** By dedupe key. */
  readonly newTasks: readonly Task[];
  /** Their heads are looked up after all tasks were written. */
  readonly changedSessions: readonly (Update<Session> & { readonly update: SessionUpdateName })[];
  /** A task of each changed without its session: no event says so, but the head must follow. */
  readonly changedQueues: readonly { readonly namespace: string; readonly sessionId: string }[];
  readonly newAgents: readonly Agent[];
  readonly changedAgents: readonly Update<Agent>[];
  /** By task and dependency: those that are new, and those that were fulfilled. */
  readonly newDependencies: readonly Dependency[];
  readonly fulfilledDependencies: readonly Dependency[];
  /** After the new dependencies: a row for each open one on these tasks, if its policy is among the policies. */
  readonly endedDependencies: readonly EndedDependency[];
  readonly settledEnds: readonly DependencyEnd[];
  readonly events: readonly NewEvent[];
  readonly receipts: readonly Receipt[];
}

/**
 * New rows are in the order of the keys that another process may be adding, too: of two transactions that add the same
 * ones, one waits for the other.
 */
export function planSave(decisions: readonly WriteSet<unknown>[]): SavePlan {
  const sessions = ofEach(decisions, (writeSet) => writeSet.sessions);
  const tasks = ofEach(decisions, (writeSet) => writeSet.tasks);
  const agents = ofEach(decisions, (writeSet) => writeSet.agents);
  const queues = changedQueues(tasks);
  const saved = new Set(queues.size === 0 ? [] : sessions.map(({ after }) => keyOf(after.namespace, after.id)));
  const updatedTasks = tasks.filter(isUpdate);
  return {
    newSessions: newRows(sessions)
      .toSorted((a, b) => compareCodePoints(a.id, b.id))
      .map((session) => ({ session, head: headOf(queues.get(keyOf(session.namespace, session.id))) })),
    stoppedTasks: updatedTasks.filter(stops),
    changedTasks: updatedTasks.filter((change) => !stops(change)),
    newTasks: newRows(tasks).toSorted((a, b) => compareCodePoints(a.dedupeKey ?? '', b.dedupeKey ?? '')),
    changedSessions: sessions.filter(isUpdate).map((change) => ({
      ...change,
      update: updateOf(change, queues.has(keyOf(change.after.namespace, change.after.id))),
    })),
    changedQueues: [...queues].flatMap(([key, [task]]) => (task === undefined || saved.has(key) ? [] : [task])),
    newAgents: newRows(agents),
    changedAgents: agents.filter(isUpdate),
    events: ofEach(decisions, ({ events }) => events),
    receipts: decisions.map(({ receipt }) => receipt).filter((receipt) => receipt !== null),
    ...dependencyPlan(decisions),
  };
}

type DependencyPlan = Pick<SavePlan, 'newDependencies' | 'fulfilledDependencies' | 'endedDependencies' | 'settledEnds'>;

function dependencyPlan(decisions: readonly WriteSet<unknown>[]): DependencyPlan {
  const changes = ofEach(decisions, ({ dependencies = [] }) => dependencies);
  return {
    newDependencies: newRows(changes),
    fulfilledDependencies: changes.filter(isUpdate).map(({ after }) => after),
    endedDependencies: ofEach(decisions, ({ endedDependencies = [] }) => endedDependencies),
    settledEnds: ofEach(decisions, ({ settledEnds = [] }) => settledEnds),
  };
}

/** The rows of all decisions; of one, which is the most usual, without a copy. */
function ofEach<Row>(
  decisions: readonly WriteSet<unknown>[],
  rowsOf: (writeSet: WriteSet<unknown>) => readonly Row[],
): readonly Row[] {
  const [only] = decisions;
  return only !== undefined && decisions.length === 1 ? rowsOf(only) : decisions.flatMap(rowsOf);
}

/** Whether there is anything to write. */
export function hasEffect({ sessions, tasks, settledEnds = [], events, receipt, clock }: WriteSet<unknown>): boolean {
  return sessions.length + tasks.length + settledEnds.length + events.length > 0 || receipt !== null || clock !== null;
}

function isUpdate<Row>(change: Change<Row>): change is Update<Row> {
  return change.before !== null;
}

function newRows<Row>(changes: readonly Change<Row>[]): Row[] {
  return changes.filter(({ before }) => before === null).map(({ after }) => after);
}

function stops({ before, after }: Update<Task>): boolean {
  return before.status === 'running' && after.status !== 'running';
}

/** For each session whose queue may have another head now: the tasks of these decisions that are in it. */
function changedQueues(tasks: readonly Change<Task>[]): ReadonlyMap<string, readonly Task[]> {
  const changed = tasks.filter(({ before, after }) => before?.status === 'queued' || after.status === 'queued');
  return Map.groupBy(
    changed.map(({ after }) => after),
    ({ namespace, sessionId }) => keyOf(namespace, sessionId),
  );
}

/** One text for both. No namespace holds a line break, so no other two make the same, whatever the id holds. */
export function keyOf(namespace: string, id: string): string {
  return `${namespace}\n${id}`;
}

function headOf(queue: readonly Task[] = []): Task | null {
  return queue.filter(({ status }) => status === 'queued').toSorted(compareInQueue)[0] ?? null;
}

/** Without an event only the deadlines have moved: all else is logged. */
function updateOf({ before, after }: Update<Session>, queueChanged: boolean): SessionUpdateName {
  const sameLease = before.status === after.status && before.fence === after.fence;
  if (!queueChanged) return sameLease ? (before.seq === after.seq ? 'deadlines' : 'chain') : 'lease';
  if (hasQueue(after)) return sameLease ? 'chainWithHead' : 'leaseWithHead';
  return sameLease ? 'chainWithoutHead' : 'leaseWithoutHead';
}
