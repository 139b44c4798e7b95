/**
 * The schema of the Postgres storage for drizzle-kit, which writes the migrations. Nothing else loads it. Storage
 * parameters, triggers and functions, which drizzle cannot say, are in migrations of their own.
 */
import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  customType,
  foreignKey,
  index,
  integer,
  pgSchema,
  primaryKey,
  uniqueIndex,
  type AnyPgColumn,
  type PgColumnBuilderBase,
  type PgTableExtraConfigValue,
} from 'drizzle-orm/pg-core';
import { storedColumns, type Column, type Kind, type Table } from '../src/table.ts';
import { TABLES } from '../src/tables.ts';
import { checksOf } from './checks.ts';

export const orchestrator = pgSchema('orchestrator');

/**
 * Differs: text is compared by code point, as SQLite and core do; the collation of the database has no say in any
 * order. Not varchar: the server writes conditions on such columns in another way once they are restored from a dump.
 */
const text = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' });
/** What is no JSON is refused as it comes in (see the migrations): a CHECK would parse each text at every update. */
const json = customType<{ data: string }>({ dataType: () => 'orchestrator.json_text' });
const object = customType<{ data: string }>({ dataType: () => 'orchestrator.object_text' });
const big = (name: string) => bigint(name, { mode: 'number' });

const TYPES = {
  text,
  json,
  object,
  stream: text,
  integer,
  big,
  namespace: text,
  session: text,
  task: text,
  hash: text,
  uuid: text,
} satisfies Readonly<Record<Kind, (name: string) => PgColumnBuilderBase>>;

type Columns = Readonly<Record<string, AnyPgColumn>>;

/** The numbers of tasks and sessions (`t42`, `s17`), drawn one by one. */
export const numbers = orchestrator.sequence('numbers', { cache: 1 });
/** Grows after a commit, for watchers that look from time to time: a heartbeat leaves no event that would tell. */
export const changes = orchestrator.sequence('changes');

export const sessions = made('sessions', TABLES.sessions);
export const tasks = made('tasks', TABLES.tasks);
export const agents = made('agents', TABLES.agents);
export const dependencies = made('dependencies', TABLES.dependencies);
export const dependencyEnds = made('dependency_ends', TABLES.dependency_ends);
export const eventLog = made('event_log', TABLES.event_log);
export const receipts = made('receipts', TABLES.receipts);
export const meta = made('meta', TABLES.meta);

function made(name: string, table: Table) {
  const [key, ...others] = table.key;
  const columns = storedColumns('postgres', table).map(([of, column]) => {
    const isKey = others.length === 0 && of === key;
    return [of, isKey && column.kind === 'big' ? drawn(name, of) : built(of, column, isKey)] as const;
  });
  return orchestrator.table(name, Object.fromEntries(columns), (at: Columns) => further(name, table, at));
}

/** An id that only the column gives: a writer holds its lock on the table before it has one. */
function drawn(table: string, name: string) {
  return big(name)
    .primaryKey()
    .generatedAlwaysAsIdentity({ name: `${table}_${name}_seq`, cache: 1 });
}

function built(name: string, { kind, isNullable }: Column, isKey: boolean) {
  const column = TYPES[kind](name);
  const withKey = isKey ? column.primaryKey() : column;
  return isNullable ? withKey : withKey.notNull();
}

function further(name: string, table: Table, at: Columns): PgTableExtraConfigValue[] {
  const columns = (names: readonly string[]) => names.map((of) => columnAt(at, of)) as [AnyPgColumn];
  const keys = table.key.length > 1 ? [primaryKey({ columns: columns(table.key) })] : [];
  const toSession =
    'session_id' in table.columns
      ? [
          foreignKey({
            name: `${name}_session`,
            columns: [columnAt(at, 'namespace'), columnAt(at, 'session_id')],
            foreignColumns: [columnAt(sessions, 'namespace'), columnAt(sessions, 'id')],
          }),
        ]
      : [];
  const stated = (table.references ?? []).map((one) =>
    foreignKey({
      name: one.name,
      columns: columns(one.columns),
      foreignColumns: TABLES[one.table].key.map((of) => columnAt(one.table === 'tasks' ? tasks : dependencies, of)) as [
        AnyPgColumn,
      ],
    }),
  );
  const byNumber = 'number' in table.columns ? [uniqueIndex(`${name}_by_number`).on(columnAt(at, 'number'))] : [];
  const indexes = table.indexes.flatMap(({ name: of, columns: on, isUnique = false, condition, namedBy, only }) => {
    if (only === 'sqlite') return [];
    const one = (isUnique ? uniqueIndex(of) : index(of)).on(...columns(on));
    const conditions = [condition, namedBy].filter((part) => part !== undefined);
    return [conditions.length === 0 ? one : one.where(sql.raw(conditions.join(' AND ')))];
  });
  return [...keys, ...toSession, ...stated, ...byNumber, ...checks(name, table), ...indexes];
}

/** Of a table that is written often, a function has them: see `broken-check.ts`. */
function checks(name: string, table: Table) {
  if (table.isWrittenOften === true) return [];
  return Object.entries(checksOf('postgres', name, table)).map(([of, text]) => check(of, sql.raw(text)));
}

function columnAt(columns: object, name: string): AnyPgColumn {
  const column = (columns as Columns)[name];
  if (column === undefined) throw new Error(`There is no column ${name}.`);
  return column;
}
