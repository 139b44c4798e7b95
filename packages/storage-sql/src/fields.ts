import {
  COLUMNS,
  FIXED_AGENT_FIELDS,
  FIXED_SESSION_FIELDS,
  MOVING_TASK_FIELDS,
  nextHeadOf,
  NO_LEASE,
  UNLOGGED_SESSION_FIELDS,
  type Agent,
  type Dependency,
  type DependencyEnd,
  type Event,
  type NextHead,
  type QueueHead,
  type Receipt,
  type Session,
  type Task,
} from '@agent-orchestrator/core';

const fieldsOf = <Row>(columns: Readonly<Record<keyof Row & string, string>>): readonly (keyof Row & string)[] =>
  Object.keys(columns) as (keyof Row & string)[];
const without = <Field extends string>(fields: readonly Field[], left: readonly string[]): readonly Field[] =>
  fields.filter((field) => !left.includes(field));

/** Set by the guard of each update: the row must still have the version that was loaded. */
const GUARDED = ['version'];
/** The deadlines and what else heartbeats move: of all indexes, only the one on `stale_at` has to follow. */
const DEADLINES = without(UNLOGGED_SESSION_FIELDS, GUARDED);
/** The status, the lease, and all else that may change. */
const LEASE = without(fieldsOf<Session>(COLUMNS.session), [...FIXED_SESSION_FIELDS, ...GUARDED]);
/** The end of the chain, the context, and what else events may change while the lease stays as it is. */
const CHAIN = without(LEASE, without(['status', ...Object.keys(NO_LEASE)], DEADLINES));

/** The fields of a row that a statement reads or writes, in the order of its columns or parameters. */
export const FIELDS = {
  deadlines: DEADLINES,
  chain: CHAIN,
  lease: LEASE,
  taskChanges: without(MOVING_TASK_FIELDS, GUARDED),
  session: fieldsOf<Session>(COLUMNS.session),
  task: fieldsOf<Task>(COLUMNS.task),
  agent: fieldsOf<Agent>(COLUMNS.agent),
  agentChanges: without(fieldsOf<Agent>(COLUMNS.agent), [...FIXED_AGENT_FIELDS, ...GUARDED]),
  event: fieldsOf<Event>(COLUMNS.event),
  receipt: fieldsOf<Receipt>(COLUMNS.receipt),
  dependency: fieldsOf<Dependency>(COLUMNS.dependency),
  dependencyEnd: fieldsOf<DependencyEnd>(COLUMNS.dependencyEnd),
} as const;

/** The values of some fields, as parameters. */
export function valuesOf<Row, Field extends keyof Row>(row: Row, fields: readonly Field[]): Row[Field][] {
  return fields.map((field) => row[field]);
}

const HEAD_FIELDS = Object.keys(COLUMNS.nextHead) as (keyof NextHead)[];

/** The values of `NEXT_COLUMNS`. */
export function headValues(head: QueueHead | null): (NextHead[keyof NextHead] | null)[] {
  return head === null ? HEAD_FIELDS.map(() => null) : valuesOf(nextHeadOf(head), HEAD_FIELDS);
}
