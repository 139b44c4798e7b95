/**
 * The tables, made of the data of storage-sql. The rows hold the texts of the API as they are, so this storage takes
 * the columns and indexes that Postgres has: those of SQLite name other rows by numbers, which saves space and costs
 * code.
 */
import {
  holdsJson,
  isOneOf,
  storedColumns,
  TABLES,
  type CheckWords,
  type Column,
  type Table,
} from '@agent-orchestrator/storage-sql';

/** `ANSQ`, in the header of every file of ours: the files of other storages are refused. */
export const APPLICATION_ID = 0x414e5351;
/** How many versions of these tables there were; SQLite's `user_version` counts those that a file has seen. */
export const SCHEMA_VERSION = 1;

/** A part of the schema, under the type and name that SQLite gives it, with the statement that makes it. */
type Part = readonly [name: string, statement: string];

const HASH_DIGITS = 64;

function words(table: Table): CheckWords {
  const least = (name: string) => table.columns[name]?.least ?? 0;
  return {
    allSet: (columns) => columns.map((name) => `${name} IS NOT NULL`).join(' AND '),
    noneSet: (columns) => `coalesce(${columns.join(', ')}) IS NULL`,
    oneOf: isOneOf,
    inRange: (columns) =>
      columns.map((name) => `${name} BETWEEN ${least(name)} AND ${Number.MAX_SAFE_INTEGER}`).join(' AND '),
  };
}

function columnText(name: string, column: Column, isDrawn: boolean): string {
  const { kind, isNullable } = column;
  const type = kind === 'integer' || kind === 'big' ? 'INTEGER' : 'TEXT';
  // Ids rise for ever, also those of a log that continues elsewhere: SQLite keeps the last one in `sqlite_sequence`.
  if (isDrawn) return `${name} INTEGER PRIMARY KEY AUTOINCREMENT`;
  const check = holdsJson(column)
    ? ` CHECK (json_valid(${name}))`
    : kind === 'hash'
      ? ` CHECK (length(${name}) = ${HASH_DIGITS})`
      : '';
  return `${name} ${type}${isNullable ? '' : ' NOT NULL'}${check}`;
}

function tableParts(name: string, table: Table): Part[] {
  const columns = storedColumns('postgres', table);
  const [key = '', ...further] = table.key;
  const drawn = further.length === 0 && table.columns[key]?.kind === 'big' ? key : null;
  const has = (kind: Column['kind']) => columns.find(([, column]) => column.kind === kind)?.[0];
  const [session, task] = [has('session'), has('task')];
  const inWords = words(table);
  const checks = Object.entries(table.checks).map(([of, check]) => {
    const text = typeof check === 'string' ? check : typeof check === 'function' ? check(inWords) : check.postgres;
    return `CONSTRAINT ${of} CHECK (${text})`;
  });
  const lines = [
    ...columns.map(([of, column]) => columnText(of, column, of === drawn)),
    ...(drawn !== null ? [] : [`PRIMARY KEY (${table.key.join(', ')})`]),
    ...(session === undefined ? [] : [`FOREIGN KEY (namespace, ${session}) REFERENCES sessions (namespace, id)`]),
    ...(task === undefined ? [] : [`FOREIGN KEY (namespace, ${task}) REFERENCES tasks (namespace, id)`]),
    ...(table.references ?? []).map(
      ({ columns: from, table: to }) =>
        `FOREIGN KEY (${from.join(', ')}) REFERENCES ${to} (${TABLES[to].key.join(', ')})`,
    ),
    ...checks,
  ];
  const numbers: Part[] =
    'number' in table.columns
      ? [[`index ${name}_by_number`, `CREATE UNIQUE INDEX ${name}_by_number ON ${name} (number)`]]
      : [];
  const indexes = table.indexes
    .filter(({ only }) => only !== 'sqlite')
    .map(({ name: of, columns: on, isUnique = false, condition }): Part => {
      const where = condition === undefined ? '' : ` WHERE ${condition}`;
      return [`index ${of}`, `CREATE ${isUnique ? 'UNIQUE ' : ''}INDEX ${of} ON ${name} (${on.join(', ')})${where}`];
    });
  return [[`table ${name}`, `CREATE TABLE ${name} (${lines.join(', ')}) STRICT`], ...numbers, ...indexes];
}

function trigger(name: string, when: string, message: string): Part {
  return [`trigger ${name}`, `CREATE TRIGGER ${name} ${when} BEGIN SELECT RAISE(ABORT, '${message}'); END`];
}

/** INSERT OR REPLACE deletes without a delete trigger, unless a setting says otherwise: so each key is looked up. */
function appendOnly(name: string, table: Table): Part[] {
  const keys = [table.key, ...table.indexes.filter(isUniqueHere).map(({ columns }) => columns)];
  const taken = keys.map(
    (columns) =>
      `EXISTS (SELECT 1 FROM ${name} WHERE ${columns.map((column) => `${column} = NEW.${column}`).join(' AND ')})`,
  );
  const message = `${name} is append-only`;
  return [
    trigger(`${name}_no_update`, `BEFORE UPDATE ON ${name}`, message),
    trigger(`${name}_no_delete`, `BEFORE DELETE ON ${name}`, message),
    trigger(`${name}_no_replace`, `BEFORE INSERT ON ${name} WHEN ${taken.join(' OR ')}`, message),
  ];
}

function isUniqueHere({ isUnique = false, only }: Table['indexes'][number]): boolean {
  return isUnique && only !== 'sqlite';
}

/** What a store that was moved away, or is a backup, refuses to any program: the rows would be lost. */
const SHUT = `(SELECT value ->> 'status' FROM meta WHERE key = 'state') IN ('moving', 'moved', 'backup')`;

function shut(name: string): Part[] {
  return ['INSERT', 'UPDATE', 'DELETE'].map((write) =>
    trigger(`${name}_shut_${write.toLowerCase()}`, `BEFORE ${write} ON ${name} WHEN ${SHUT}`, 'the store is closed'),
  );
}

const { meta, ...ROWS } = TABLES;

/** All that a store is made of, in the order in which it is made. */
export const SCHEMA: ReadonlyMap<string, string> = new Map([
  ...Object.entries<Table>({ meta, ...ROWS }).flatMap(([name, table]) => tableParts(name, table)),
  ...appendOnly('event_log', TABLES.event_log),
  ...Object.keys(ROWS).flatMap(shut),
]);
