import {
  COLUMNS,
  type Agent,
  type Dependency,
  type DependencyEnd,
  type Event,
  type Receipt,
  type Session,
  type Task,
} from '@agent-orchestrator/core';
import { columnName, TABLES, type Column, type Kind, type Table } from '@agent-orchestrator/storage-sql';

/*
 * Where each field of the API stands in its table, and how it is written and read: hashes and command ids are bytes
 * there and text here, and what names a namespace, a session or a task by its number there names it by its id here. So
 * a row comes back as a Session, Task or Event as it is, and nothing is decoded per call.
 */

/** How a field is stored. */
export interface Place {
  /** null: it is not stored, and found out when it is read. */
  readonly column: string | null;
  readonly read: string;
  /** For INSERT and UPDATE; a question mark stands for the value. */
  readonly write: string;
}

/** The key of the namespace of which the name is given. */
export const KEY_OF_NAMESPACE = '(SELECT id FROM namespaces WHERE name = +?)';

/** The numbers of the session and of the task of which the namespace and the id are given. */
export const NUMBER_OF_SESSION = numberOf('sessions');
export const NUMBER_OF_TASK = numberOf('tasks');

function numberOf(table: 'sessions' | 'tasks'): string {
  return `(SELECT number FROM ${table} WHERE namespace = ${KEY_OF_NAMESPACE} AND id = +?)`;
}

export const asIs = (column: string): Place => ({ column, read: column, write: '?' });
const bytes = (column: string): Place => ({ column, read: hexOf(column), write: 'unhex(?)' });
/** Text that is no UUID becomes bytes that the CHECK of the column refuses, and not null. */
const uuid = (column: string): Place => ({
  column,
  read: uuidOf(column),
  write: `nullif(ifnull(unhex(ifnull(?, ''), '-'), x'00'), x'')`,
});
const namespaceOf = (column: string, table: string): Place => ({
  column,
  read: `(SELECT name FROM namespaces WHERE id = ${table}.${column})`,
  write: KEY_OF_NAMESPACE,
});
/** The id of the row with that number; what is written is the number. */
const idIn =
  (parent: 'sessions' | 'tasks') =>
  (column: string, table: string): Place => ({
    column,
    read: `(SELECT id FROM ${parent} WHERE number = ${table}.${column})`,
    write: '?',
  });

/** null stays null: its digits are none. */
function hexOf(column: string): string {
  return `nullif(lower(hex(${column})), '')`;
}

export function uuidOf(column: string): string {
  const digits = `lower(hex(${column}))`;
  const parts = [
    [1, 8],
    [9, 4],
    [13, 4],
    [17, 4],
    [21, 12],
  ].map(([from, length]) => `substr(${digits}, ${from}, ${length})`);
  return `nullif(${parts.join(` || '-' || `)}, '----')`;
}

const SESSION_STREAM = `event_log.stream_kind = 'session'`;
/** What the first event of a stream names, and one whose predecessor is gone. */
const NO_HASH = `'${'0'.repeat(64)}'`;
const hashOf = (index: string, where: string): string =>
  `(SELECT ${hexOf('p.hash')} FROM event_log p INDEXED BY ${index} WHERE ${where} AND p.seq = event_log.seq - 1)`;
const PREVIOUS_HASH = `coalesce(CASE WHEN event_log.seq = 1 THEN ${NO_HASH} WHEN ${SESSION_STREAM}
  THEN ${hashOf(
    'event_log_seq',
    `p.stream_kind = 'session' AND p.namespace = event_log.namespace AND p.session = event_log.session`,
  )}
  ELSE ${hashOf(
    'event_log_stream',
    `p.stream_id IS NOT NULL AND p.stream_kind = event_log.stream_kind AND p.namespace = event_log.namespace
      AND p.stream_id = event_log.stream_id`,
  )} END, ${NO_HASH})`;

const streamOf = (column: string, table: string): Place => ({
  column,
  read: `CASE WHEN ${SESSION_STREAM} THEN ${idIn('sessions')('session', table).read} ELSE ${column} END`,
  write: '?',
});

/** How a value of each kind is stored. */
const PLACES: Readonly<Record<Kind, (column: string, table: string) => Place>> = {
  text: asIs,
  json: asIs,
  object: asIs,
  integer: asIs,
  big: asIs,
  hash: bytes,
  uuid,
  namespace: namespaceOf,
  session: idIn('sessions'),
  task: idIn('tasks'),
  stream: streamOf,
};

/** Where the fields of a row stand. Of those that Postgres alone stores, there is only the hash before an event. */
function placesIn<Row>(
  name: keyof typeof TABLES,
  columns: Readonly<Record<keyof Row & string, string>>,
): Readonly<Record<keyof Row & string, Place>> {
  const table: Table = TABLES[name];
  const places = (Object.entries(columns) as [keyof Row & string, string][]).map(([field, of]) => {
    const column = table.columns[of] as Column;
    const isStored = column.only !== 'postgres';
    const place = isStored
      ? PLACES[column.kind](columnName('sqlite', of, column), name)
      : { column: null, read: PREVIOUS_HASH, write: '' };
    return [field, place];
  });
  return Object.fromEntries(places) as Readonly<Record<keyof Row & string, Place>>;
}

export const SESSION_PLACES = placesIn<Session>('sessions', COLUMNS.session);
export const TASK_PLACES = placesIn<Task>('tasks', COLUMNS.task);
export const AGENT_PLACES = placesIn<Agent>('agents', COLUMNS.agent);
export const EVENT_PLACES = placesIn<Event>('event_log', COLUMNS.event);
export const DEPENDENCY_PLACES = placesIn<Dependency>('dependencies', COLUMNS.dependency);
export const DEPENDENCY_END_PLACES = placesIn<DependencyEnd>('dependency_ends', COLUMNS.dependencyEnd);
export const RECEIPT_PLACES = placesIn<Receipt>('receipts', COLUMNS.receipt);

/** What follows SELECT or RETURNING: each place under its name. */
export function selected(places: Readonly<Record<string, Place>>): string {
  return Object.entries(places)
    .map(([name, { read }]) => (read === name ? read : `${read} AS "${name}"`))
    .join(', ');
}

/** The places of some fields, in their order, of those that are stored. */
export function placesOf<Field extends string>(
  places: Readonly<Record<Field, Place>>,
  fields: readonly Field[],
): readonly Place[] {
  return fields.map((field) => places[field]).filter(({ column }) => column !== null);
}

/** Inserts one row, of values in the order of the places. */
export function insertInto(table: string, places: readonly Place[]): string {
  return `INSERT INTO ${table} (${places.map(({ column }) => column).join(', ')})
    VALUES (${places.map(({ write }) => write).join(', ')})`;
}

/** What follows SET. */
export function setTo(places: readonly Place[]): string {
  return places.map(({ column, write }) => `${column} = ${write}`).join(', ');
}
