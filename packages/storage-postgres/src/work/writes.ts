import { COLUMNS } from '@agent-orchestrator/core';
import { FIELDS, NEXT_COLUMNS, SESSION_UPDATES, TABLES, type SessionUpdateName } from '@agent-orchestrator/storage-sql';
import { typeOf } from '../rows.ts';
import { NEXT_LOOKED_UP } from '../statements.ts';

/*
 * The statements that write rows, composed as a group needs them.
 */

/** A statement that writes rows, whose cells come in the order of these columns. */
interface Write {
  readonly table: keyof typeof TABLES;
  readonly columns: readonly string[];
  /** The statement, with where the rows come from. */
  readonly text: (rows: string) => string;
}

const columnsOf = <Field extends string>(
  columns: Readonly<Record<Field, string>>,
  fields: readonly Field[],
): string[] => fields.map((field) => columns[field]);
const insertInto = (table: Write['table'], columns: readonly string[], onConflict = ''): Write => ({
  table,
  columns,
  text: (rows) => `INSERT INTO orchestrator.${table} (${columns.join(', ')}) SELECT v.* FROM ${rows}${onConflict}`,
});
/** The guard is an error, not a row count: the statement goes out together with COMMIT, when it is too late to look. */
const update = (table: Write['table'], columns: readonly string[], further = ''): Write => ({
  table,
  columns: [...columns, ...KEY_AND_VERSION],
  text: (rows) =>
    `UPDATE orchestrator.${table} s SET ${columns.map((column) => `${column} = v.${column}`).join(', ')},
       version = CASE WHEN s.version = v.version THEN s.version + 1 END${further}
     FROM ${rows} WHERE s.namespace = v.namespace AND s.id = v.id`,
});
/** Which row is changed, and the version that it must still have. */
const KEY_AND_VERSION = ['namespace', 'id', 'version'] as const;
const HEADS = {
  kept: '',
  none: NEXT_COLUMNS.map((column) => `, ${column} = NULL`).join(''),
  looked_up: `, ${NEXT_LOOKED_UP}`,
} as const;
const sessionUpdates = Object.fromEntries(
  Object.entries(SESSION_UPDATES).map(([name, { fields, head }]) => [
    name,
    update('sessions', columnsOf(COLUMNS.session, fields), HEADS[head]),
  ]),
) as Readonly<Record<SessionUpdateName, Write>>;

/** The id comes from the column's default: drawn there, a writer holds its lock on the log before it has an id. */
export const NEW_EVENT = FIELDS.event.filter((field) => field !== 'id');

/** What can be written, by name. */
const WRITES = {
  insertSessions: insertInto('sessions', [...columnsOf(COLUMNS.session, FIELDS.session), ...NEXT_COLUMNS]),
  ...sessionUpdates,
  insertTasks: insertInto('tasks', columnsOf(COLUMNS.task, FIELDS.task)),
  updateTasks: update('tasks', columnsOf(COLUMNS.task, FIELDS.taskChanges)),
  insertAgents: insertInto('agents', columnsOf(COLUMNS.agent, FIELDS.agent)),
  updateAgents: {
    table: 'agents',
    columns: [...columnsOf(COLUMNS.agent, FIELDS.agentChanges), 'namespace', 'name', 'version'],
    text: (rows) => `UPDATE orchestrator.agents s
     SET ${columnsOf(COLUMNS.agent, FIELDS.agentChanges)
       .map((column) => `${column} = v.${column}`)
       .join(', ')},
       version = CASE WHEN s.version = v.version THEN s.version + 1 END
     FROM ${rows} WHERE s.namespace = v.namespace AND s.name = v.name`,
  },
  /** A holder can wait once more for a task that its own depended on before. */
  insertDependencies: insertInto(
    'dependencies',
    columnsOf(COLUMNS.dependency, FIELDS.dependency),
    ` ON CONFLICT (namespace, task_id, dependency_id)
      DO UPDATE SET on_dependency_failure = excluded.on_dependency_failure, ended = excluded.ended`,
  ),
  /** The guard is an error here, too: the CHECK of the column knows no such status. */
  fulfilDependencies: {
    table: 'dependencies',
    columns: ['ended', 'namespace', 'task_id', 'dependency_id'],
    text: (rows) =>
      `UPDATE orchestrator.dependencies d SET ended = CASE WHEN d.ended IS NULL THEN v.ended ELSE 'twice' END
       FROM ${rows} WHERE d.namespace = v.namespace AND d.task_id = v.task_id AND d.dependency_id = v.dependency_id`,
  },
  /** Tasks that ended, once for each policy: adds a row for each dependency on one of them that is open. */
  insertDependencyEnds: {
    table: 'dependency_ends',
    columns: ['namespace', 'dependency_id', 'seq', 'status', 'policy'],
    text: (rows) =>
      `INSERT INTO orchestrator.dependency_ends (namespace, task_id, dependency_id, seq, status)
       SELECT d.namespace, d.task_id, d.dependency_id, v.seq, v.status FROM ${rows} JOIN orchestrator.dependencies d
         ON d.namespace = v.namespace AND d.dependency_id = v.dependency_id AND d.dependency_id > ''
         AND d.on_dependency_failure = v.policy AND d.ended IS NULL`,
  },
  deleteDependencyEnds: {
    table: 'dependency_ends',
    columns: ['namespace', 'task_id', 'dependency_id', 'seq'],
    text: (rows) =>
      `DELETE FROM orchestrator.dependency_ends d USING ${rows} WHERE d.namespace = v.namespace
         AND d.task_id = v.task_id AND d.dependency_id = v.dependency_id AND d.seq = v.seq`,
  },
  insertEvents: insertInto('event_log', columnsOf(COLUMNS.event, NEW_EVENT)),
  insertReceipts: insertInto('receipts', columnsOf(COLUMNS.receipt, FIELDS.receipt)),
  /** New and old state. No transaction waits to note the time: one that has the row locked writes much the same. */
  noteClock: {
    table: 'meta',
    columns: ['value', 'before'],
    text: (rows) => `UPDATE orchestrator.meta m SET value = v.value FROM ${rows}
      WHERE m.key = 'clock' AND EXISTS (SELECT 1 FROM orchestrator.meta f
        WHERE f.key = 'clock' AND f.value = v.before FOR NO KEY UPDATE SKIP LOCKED)`,
  },
} as const satisfies Readonly<Record<string, Write>>;
export type WriteName = keyof typeof WRITES;

/** A write, and whether its parameters are the cells of one row, or arrays with the cells of a column each. */
export interface WritePart {
  readonly name: WriteName;
  readonly rows: 'one' | 'many';
}

const composed = new Map<string, string>();

/**
 * One statement for several writes; its parameters are those of each in turn, a column after the other. None of them
 * sees what the others write; foreign keys are checked after all of them.
 *
 * Differs from one statement for each row: a round trip is answered by one message, not by hundreds. Many rows are
 * joined to their table by nested loops alone (see `begin`), so the cost does not grow with the table. As arrays they
 * take the server a third of the time that JSON took.
 */
export function writing(parts: readonly WritePart[]): string {
  const key = parts.map(({ name, rows }) => `${name} ${rows}`).join();
  const known = composed.get(key);
  if (known !== undefined) return known;
  let parameters = 0;
  const texts = parts.map(({ name, rows }) => {
    const { table, columns, text } = WRITES[name];
    const cells = columns.map(
      (column) => `$${(parameters += 1)}::${typeOf(table, column)}${rows === 'one' ? '' : '[]'}`,
    );
    const list = cells.join(', ');
    return text(`${rows === 'one' ? `(VALUES (${list}))` : `unnest(${list})`} v (${columns.join(', ')})`);
  });
  const others = texts.slice(0, -1).map((text, index) => `w${index + 1} AS (${text})`);
  const text = `${others.length === 0 ? '' : `WITH ${others.join(', ')} `}${texts.at(-1)}`;
  composed.set(key, text);
  return text;
}
