/**
 * The schema of the SQLite storage for drizzle-kit, which writes the migrations. Nothing else loads it. What drizzle
 * does not say (STRICT, WITHOUT ROWID, the views) is added by `npm run migration`; the triggers are in a migration of
 * their own.
 */
import { sql } from 'drizzle-orm';
import {
  blob,
  check,
  foreignKey,
  index,
  integer,
  primaryKey,
  sqliteTable,
  text,
  uniqueIndex,
  type AnySQLiteColumn,
  type SQLiteColumnBuilderBase,
  type SQLiteTableExtraConfigValue,
} from 'drizzle-orm/sqlite-core';
import { columnName, storedColumns, type Column, type Kind, type Table } from '../src/table.ts';
import { TABLES } from '../src/tables.ts';
import { checksOf, namesIn } from './checks.ts';

/** Differs: rows name their namespace by a number. */
export const namespaces = sqliteTable('namespaces', {
  id: integer('id').primaryKey().notNull(),
  name: text('name').notNull().unique('namespaces_name'),
});

const bytes = (name: string) => blob(name, { mode: 'buffer' });
const letters = (name: string) => text(name);
const whole = (name: string) => integer(name);

const TYPES = {
  text: letters,
  json: letters,
  object: letters,
  stream: letters,
  integer: whole,
  big: whole,
  namespace: whole,
  session: whole,
  task: whole,
  hash: bytes,
  uuid: bytes,
} satisfies Readonly<Record<Kind, (name: string) => SQLiteColumnBuilderBase>>;

type Columns = Readonly<Record<string, AnySQLiteColumn>>;

export const sessions = made('sessions', TABLES.sessions);
export const tasks = made('tasks', TABLES.tasks);
export const agents = made('agents', TABLES.agents);
export const dependencies = made('dependencies', TABLES.dependencies);
export const dependencyEnds = made('dependency_ends', TABLES.dependency_ends);
export const eventLog = made('event_log', TABLES.event_log);
export const receipts = made('receipts', TABLES.receipts);
export const meta = made('meta', TABLES.meta);

function made(name: string, table: Table) {
  const columns = storedColumns('sqlite', table).map(([of, column]) => {
    const stored = columnName('sqlite', of, column);
    return [stored, built(stored, column, rowKey(table) === of)] as const;
  });
  return sqliteTable(name, Object.fromEntries(columns), (at: Columns) => further(name, table, at));
}

/** The only column of the key, if there is one: an integer one is the key of the row. */
function rowKey(table: Table): string | undefined {
  if ('number' in table.columns) return 'number';
  return table.key.length === 1 ? table.key[0] : undefined;
}

function built(name: string, { kind, isNullable }: Column, isKey: boolean) {
  const column = TYPES[kind](name);
  const withKey = isKey ? column.primaryKey() : column;
  // The stream of a session is that of its session.
  return isNullable || kind === 'stream' ? withKey : withKey.notNull();
}

function further(name: string, table: Table, at: Columns): SQLiteTableExtraConfigValue[] {
  const columns = (names: readonly string[]) => namesIn('sqlite', table, names).map((of) => columnAt(at, of));
  const keys = rowKey(table) === undefined ? [primaryKey({ columns: columns(table.key) as [AnySQLiteColumn] })] : [];
  const unique = 'number' in table.columns ? [{ name: `${name}_id`, columns: table.key, isUnique: true }] : [];
  const indexes = [...unique, ...table.indexes].flatMap((one) => {
    const {
      name: of,
      isUnique = false,
      condition,
      only = 'sqlite',
    } = { condition: undefined, only: undefined, ...one };
    if (only !== 'sqlite') return [];
    const on = (isUnique ? uniqueIndex(of) : index(of)).on(...(columns(one.columns) as [AnySQLiteColumn]));
    return [condition === undefined ? on : on.where(sql.raw(condition))];
  });
  const checks = Object.entries(checksOf('sqlite', name, table)).map(([of, condition]) =>
    check(of, sql.raw(condition)),
  );
  return [...keys, ...references(name, table, at), ...checks, ...indexes];
}

/** A session is one of the same namespace, so a row with a session needs no other look at its namespace. */
function references(name: string, table: Table, at: Columns) {
  const named = new Map(Object.entries(table.columns).map(([of, { kind }]) => [kind, of]));
  const toSession = named.has('session')
    ? foreignKey({
        name: `${name}_session`,
        columns: [columnAt(at, 'namespace'), columnAt(at, 'session')],
        foreignColumns: [columnAt(sessions, 'namespace'), columnAt(sessions, 'number')],
      })
    : null;
  const toNamespace =
    toSession === null && named.has('namespace')
      ? foreignKey({
          name: `${name}_namespace`,
          columns: [columnAt(at, 'namespace')],
          foreignColumns: [namespaces.id],
        })
      : null;
  const toTask = named.has('task')
    ? foreignKey({
        name: `${name}_task`,
        columns: [columnAt(at, 'task')],
        foreignColumns: [columnAt(tasks, 'number')],
      })
    : null;
  const stated = (table.references ?? []).map((one) =>
    foreignKey({
      name: one.name,
      columns: one.columns.map((of) => columnAt(at, of)) as [AnySQLiteColumn],
      foreignColumns: TABLES[one.table].key.map((of) => columnAt(one.table === 'tasks' ? tasks : dependencies, of)) as [
        AnySQLiteColumn,
      ],
    }),
  );
  return [...[toSession, toNamespace, toTask].filter((one) => one !== null), ...stated];
}

function columnAt(columns: object, name: string): AnySQLiteColumn {
  const column = (columns as Columns)[name];
  if (column === undefined) throw new Error(`There is no column ${name}.`);
  return column;
}
