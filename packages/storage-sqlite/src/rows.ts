import { COLUMNS, type Event, type Receipt, type Session, type Task } from '@agent-orchestrator/core';
import type { eventLog, receipts, sessions, tasks } from './schema.ts';

/*
 * Where each field of the API stands in its table, and how it is written and read: hashes and command ids are bytes
 * there and text here, and what names a namespace, a session or a task by its number there names it by its id here. So
 * a row comes back as a Session, Task or Event as it is, and nothing is decoded per call.
 */

/** How a field is stored. */
export interface Place<Column extends string | null = string | null> {
  /** null: it is not stored, and found out when it is read. */
  readonly column: Column;
  readonly read: string;
  /** For INSERT and UPDATE; a question mark stands for the value. */
  readonly write: string;
}

type Places<Row, Table extends { _: { columns: object } }> = {
  readonly [Field in keyof Row]-?: Place<ColumnOf<Table> | null>;
};
type ColumnOf<Table extends { _: { columns: object } }> = {
  [Field in keyof Table['_']['columns']]: Table['_']['columns'][Field] extends { _: { name: infer Name } }
    ? Name & string
    : never;
}[keyof Table['_']['columns']];

/** The key of the namespace of which the name is given. */
export const KEY_OF_NAMESPACE = '(SELECT id FROM namespaces WHERE name = +?)';

/** The numbers of the session and of the task of which the namespace and the id are given. */
export const NUMBER_OF_SESSION = numberOf('sessions');
export const NUMBER_OF_TASK = numberOf('tasks');

function numberOf(table: 'sessions' | 'tasks'): string {
  return `(SELECT number FROM ${table} WHERE namespace = ${KEY_OF_NAMESPACE} AND id = +?)`;
}

export const asIs = <Column extends string>(column: Column): Place<Column> => ({ column, read: column, write: '?' });
const namespaceOf = (table: string): Place<'namespace'> => ({
  column: 'namespace',
  read: `(SELECT name FROM namespaces WHERE id = ${table}.namespace)`,
  write: KEY_OF_NAMESPACE,
});
const hash = <Column extends string>(column: Column): Place<Column> => ({
  column,
  read: hexOf(column),
  write: 'unhex(?)',
});
/** Text that is no UUID becomes bytes that the CHECK of the column refuses, and not null. */
const uuid = <Column extends string>(column: Column): Place<Column> => ({
  column,
  read: uuidOf(column),
  write: `nullif(ifnull(unhex(ifnull(?, ''), '-'), x'00'), x'')`,
});
/** The id of the row with that number; what is written is the number. */
const idOf = <Column extends string>(parent: 'sessions' | 'tasks', column: Column, table: string): Place<Column> => ({
  column,
  read: `(SELECT id FROM ${parent} WHERE number = ${table}.${column})`,
  write: '?',
});

/** null stays null: its digits are none. */
function hexOf(column: string): string {
  return `nullif(lower(hex(${column})), '')`;
}

function uuidOf(column: string): string {
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

function allAsIs<Columns extends Readonly<Record<string, string>>>(
  columns: Columns,
): { readonly [Field in keyof Columns]: Place<Columns[Field]> } {
  const places = Object.entries(columns).map(([field, column]) => [field, asIs(column)]);
  return Object.fromEntries(places) as { readonly [Field in keyof Columns]: Place<Columns[Field]> };
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

export const SESSION_PLACES = {
  ...allAsIs(COLUMNS.session),
  namespace: namespaceOf('sessions'),
  tokenHash: hash('token_hash'),
  hash: hash('hash'),
} satisfies Places<Session, typeof sessions>;
export const TASK_PLACES = {
  ...allAsIs(COLUMNS.task),
  namespace: namespaceOf('tasks'),
  sessionId: idOf('sessions', 'session', 'tasks'),
} satisfies Places<Task, typeof tasks>;
export const EVENT_PLACES = {
  ...allAsIs(COLUMNS.event),
  namespace: namespaceOf('event_log'),
  streamId: {
    column: 'stream_id',
    read: `CASE WHEN ${SESSION_STREAM} THEN ${idOf('sessions', 'session', 'event_log').read} ELSE stream_id END`,
    write: '?',
  },
  sessionId: idOf('sessions', 'session', 'event_log'),
  taskId: idOf('tasks', 'task', 'event_log'),
  commandId: uuid('command_id'),
  prevHash: { column: null, read: PREVIOUS_HASH, write: '' },
  hash: hash('hash'),
} satisfies Places<Event, typeof eventLog>;
export const RECEIPT_PLACES = {
  ...allAsIs(COLUMNS.receipt),
  namespace: namespaceOf('receipts'),
  commandId: uuid('command_id'),
  requestHash: hash('request_hash'),
} satisfies Places<Receipt, typeof receipts>;

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

/** The head of a session's queue as its row keeps it for the claim's index. */
export interface QueueHeadColumns {
  readonly id: string;
  readonly priority: number;
  readonly queuedAt: number;
  readonly kind: string;
  readonly assignee: string | null;
  readonly role: string | null;
}

/** Where a ready session stands among the others, and its number. */
export type ReadyKey = readonly [number: number, priority: number, queuedAt: number, taskId: string];
