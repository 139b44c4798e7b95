import type { Agent, WriteSet } from '@agent-orchestrator/core';
import {
  FIELDS,
  headValues,
  planSave,
  SESSION_UPDATES,
  valuesOf,
  type SavePlan,
  type Update,
} from '@agent-orchestrator/storage-sql';
import type { Query } from '../connection.ts';
import type { Database } from './loaded-rows.ts';
import { query } from '../server/statement-batch.ts';
import type { Cell } from '../server/values.ts';
import { SQL } from '../statements.ts';
import { NEW_EVENT, writing, type WriteName } from './writes.ts';

/**
 * The statements that write the decisions of a group: as few as the tables' rules allow, since each is a message and an
 * answer. Events go with the last of them, so that followers of the log wait for as little as possible.
 */
export function saving(decisions: readonly WriteSet<unknown>[], database: Database): Query[] {
  const plan = planSave(decisions);
  const clock = clockChange(decisions, database);
  const stopped: Write = ['updateTasks', plan.stoppedTasks.map((change) => changed(FIELDS.taskChanges, change))];
  const others: Write = ['updateTasks', plan.changedTasks.map((change) => changed(FIELDS.taskChanges, change))];
  const newSessions = plan.newSessions.map(({ session, head }) => [
    ...valuesOf(session, FIELDS.session),
    ...headValues(head),
  ]);
  const updates = Map.groupBy(plan.changedSessions, ({ update }) => update);
  const further = plan.changedQueues.map(({ namespace, sessionId }) => query(SQL.setNext, namespace, sessionId));
  const last: readonly Write[] = [
    ...dependencyWrites(plan),
    ...[...updates].map(([name, changes]): Write => [
      name,
      changes.map((change) => changed(SESSION_UPDATES[name].fields, change)),
    ]),
    ['insertEvents', plan.events.map((event) => valuesOf(event, NEW_EVENT))],
    ['insertReceipts', plan.receipts.map((receipt) => valuesOf(receipt, FIELDS.receipt))],
    ['noteClock', clock?.isAboutJump === false ? [clock.values] : []],
  ];
  // One statement writes its parts in no order that could be relied on, so several new sessions are not with their
  // events.
  const [early, late] = newSessions.length > 1 ? [newSessions, []] : [[], newSessions];
  const [stoppedEarly, changedLate] = plan.changedTasks.length === 0 ? [[], stopped] : [[stopped], others];
  const agents: readonly Write[] = [
    ['insertAgents', plan.newAgents.map((agent) => valuesOf(agent, FIELDS.agent))],
    ['updateAgents', plan.changedAgents.map(changedAgent)],
  ];
  const first: readonly Write[] = [['insertSessions', early], ...agents, ...stoppedEarly];
  const newTasks = plan.newTasks.map((task) => valuesOf(task, FIELDS.task));
  const newDependencies = plan.newDependencies.map((one) => valuesOf(one, FIELDS.dependency));
  const second: readonly Write[] = [
    ['insertSessions', late],
    ['insertTasks', newTasks],
    ['insertDependencies', newDependencies],
    changedLate,
  ];
  // A head is looked up after its queue was written.
  const looksUp = further.length > 0 || [...updates.keys()].some((name) => SESSION_UPDATES[name].head === 'looked_up');
  // A dependency that is new can be on a task that ended in the same group.
  const inTwo = looksUp || plan.endedDependencies.length > 0;
  return [
    ...write(first),
    ...(inTwo ? [...write(second), ...further, ...write(last)] : write([...second, ...last])),
    ...forget(decisions, database),
    ...(clock?.isAboutJump === true ? [query(SQL.saveClock, ...clock.values)] : []),
  ];
}

/** What becomes of dependencies that were there before. */
function dependencyWrites({ fulfilledDependencies, endedDependencies, settledEnds }: SavePlan): readonly Write[] {
  return [
    [
      'fulfilDependencies',
      fulfilledDependencies.map((one) => valuesOf(one, ['ended', 'namespace', 'taskId', 'dependencyId'])),
    ],
    [
      'insertDependencyEnds',
      endedDependencies.flatMap(({ namespace, dependencyId, seq, status, policies }) =>
        policies.map((policy) => [namespace, dependencyId, seq, status, policy]),
      ),
    ],
    ['deleteDependencyEnds', settledEnds.map((one) => valuesOf(one, ['namespace', 'taskId', 'dependencyId', 'seq']))],
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

/** What changed of a row, which row it is, and the version that it must still have. */
function changed<Row extends { readonly namespace: string; readonly id: string; readonly version: number }>(
  fields: readonly (keyof Row)[],
  { before, after }: Update<Row>,
): Cells {
  return [...(valuesOf(after, fields) as Cell[]), after.namespace, after.id, before.version];
}

function changedAgent({ before, after }: Update<Agent>): Cells {
  return [...valuesOf(after, FIELDS.agentChanges), after.namespace, after.name, before.version];
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
