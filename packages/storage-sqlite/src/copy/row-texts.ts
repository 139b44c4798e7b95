import { TABLE_KEYS, type TableName } from '@agent-orchestrator/core';
import { TABLES, type Table } from '@agent-orchestrator/storage-sql';
import {
  asIs,
  insertInto,
  KEY_OF_NAMESPACE,
  NUMBER_OF_SESSION,
  NUMBER_OF_TASK,
  RECEIPT_PLACES,
  selected,
  type Place,
} from '../rows.ts';
import { ROW_PLACES } from '../schema/views.ts';

/*
 * The statements that take the rows of a store out and bring them in, under the names of the columns that every storage
 * has: in the file, other columns stand for some of them.
 */

interface RowTexts {
  /** The first rows of a namespace, and those after a key. The log has only the latter, for all namespaces. */
  readonly first: string;
  readonly following: string;
  /** The key of the last row. */
  readonly last: string;
  /** One row, given under the names of its columns. */
  readonly insert: string;
}

/** The name of the namespace that comes after one; null: the first. */
export const NAMESPACE_AFTER = `SELECT name FROM namespaces WHERE ifnull(name > ?, true) ORDER BY name LIMIT 1`;

/** What names another row is found by the names that a row has; no row has the number -1. */
const FOUND: Readonly<Record<string, string>> = {
  session_id: found('session_id', NUMBER_OF_SESSION),
  task_id: found('task_id', NUMBER_OF_TASK),
  stream_id: `CASE @stream_kind WHEN 'session' THEN NULL ELSE @stream_id END`,
};

function found(column: string, number: string): string {
  const lookUp = number.replace('?', '@namespace').replace('+?', `@${column}`);
  return `CASE WHEN @${column} IS NULL THEN NULL ELSE coalesce(${lookUp}, -1) END`;
}

function insertOf(table: TableName): string {
  const places = Object.entries(ROW_PLACES[table]).map(([name, { column, read, write }]): Place => {
    const named = write.replace('?', `@${name}`);
    return { column, read, write: isNumbered(table, name) ? (FOUND[name] ?? named) : named };
  });
  return insertInto(
    table,
    places.filter(({ column }) => column !== null),
  );
}

/** Whether the column names another row by its number. */
function isNumbered(table: TableName, name: string): boolean {
  const { columns }: Table = TABLES[table];
  return ['session', 'task', 'stream'].includes(columns[name]?.kind ?? '');
}

function textsOf(table: Exclude<TableName, 'event_log'>): RowTexts {
  const from = `SELECT ${selected(ROW_PLACES[table])} FROM ${table} WHERE namespace = ${KEY_OF_NAMESPACE}`;
  const [, ...keys] = TABLE_KEYS[table];
  const places = keys.map((key) => (table === 'receipts' ? RECEIPT_PLACES.commandId : asIs(key)));
  const order = keys.map((key) => `${table}.${key}`).join(', ');
  const given = places.map(({ write }) => write).join(', ');
  const read = keys.map((key, at) => `${places[at]?.read.replaceAll(key, `t.${key}`)} AS ${key}`);
  return {
    first: `${from} ORDER BY ${order} LIMIT ?`,
    following: `${from} AND (${order}) > (${given}) ORDER BY ${order} LIMIT ?`,
    last: `SELECT n.name AS namespace, ${read.join(', ')} FROM namespaces n CROSS JOIN ${table} t ON t.namespace = n.id
      ORDER BY n.name DESC, ${keys.map((key) => `t.${key} DESC`).join(', ')} LIMIT 1`,
    insert: insertOf(table),
  };
}

export const ROW_TEXTS: Readonly<Record<TableName, RowTexts>> = {
  sessions: textsOf('sessions'),
  tasks: textsOf('tasks'),
  agents: textsOf('agents'),
  dependencies: textsOf('dependencies'),
  dependency_ends: textsOf('dependency_ends'),
  event_log: {
    first: '',
    following: `SELECT ${selected(ROW_PLACES.event_log)} FROM event_log WHERE id > ? ORDER BY id LIMIT ?`,
    last: 'SELECT id FROM event_log ORDER BY id DESC LIMIT 1',
    insert: insertOf('event_log'),
  },
  receipts: textsOf('receipts'),
};
