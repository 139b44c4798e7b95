import type Database from 'better-sqlite3';
import { DEFAULTS } from '@agent-orchestrator/core';
import { dedupeKeyFrom, nameFrom } from './names.ts';
import type { OldId } from './new-ids.ts';
import { OLD_TABLES, type OldColumns, type OldTable } from './old-tables.ts';
import { PHASES, phaseOf } from './old-task.ts';
import { textOf, type OldCells, type OldRecord, type OldValue } from './old-value.ts';
import type { OldSession, OldTask } from './session-import.ts';

/** One session with its rows. Each part can be read once, in this order. */
export interface SessionRows extends OldSession {
  readonly events: Iterable<OldRecord>;
  /** Open dead letters whose task is missing. */
  readonly deadLetters: Iterable<OldRecord>;
  readonly tasks: Iterable<OldTask>;
}

/**
 * The rows of an old database, session by session, in the order in which they are imported. SQLite sorts each table
 * once, outside the memory of the process if it is large. No index of the old file is needed, and at most one row of
 * each table is in memory. Rows belong together if their ids have the same type and bytes, whatever keys the file has.
 */
export class OldRows {
  readonly #db: Database.Database;
  readonly #columns: OldColumns;

  /** @param db a reader in an open transaction */
  constructor(db: Database.Database, columns: OldColumns) {
    this.#db = db;
    this.#columns = columns;
    const options = { deterministic: true };
    db.function('legacy_phase', options, (status, retryCount, inFlight) =>
      PHASES.indexOf(phaseOf(status as OldValue, retryCount as OldValue, inFlight === 1)),
    );
    db.function('legacy_namespace', options, (namespace) =>
      nameFrom(textOf(namespace as OldValue) || DEFAULTS.namespace),
    );
    db.function('legacy_dedupe_key', options, (value, key) => dedupeKeyFrom(value as OldValue, String(key)));
  }

  /** How many rows each table has. */
  counts(): Readonly<Partial<Record<OldTable, number>>> {
    const there = OLD_TABLES.filter((table) => this.#columns.has(table));
    const count = (table: OldTable) => Number(this.#db.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
    return Object.fromEntries(there.map((table) => [table, count(table)]));
  }

  /** The ids of all sessions. */
  sessionIds(): Iterable<OldId> {
    return this.#db.prepare<[], OldId>(this.#sessionIds()).iterate();
  }

  /** The ids of all tasks, and of dead letters from which tasks are created. */
  taskIds(): Iterable<OldId> {
    const tasks = this.#table('task_queue', ['task_id']);
    const sql = `SELECT ${taskKey('t')} AS key, t.task_id AS value FROM ${tasks} t
      UNION ALL SELECT "(key)", task_id FROM (${this.#orphans(`status IS 'open'`)})`;
    return this.#db.prepare<[], OldId>(sql).iterate();
  }

  *sessions(): Generator<SessionRows> {
    const taken = this.#takenDedupeKeys();
    const lock = this.#lookUp('distributed_lock', 'lock_key', `'session:' || ? || ':lock'`);
    const deadLetter = this.#lookUp('dead_letters', 'task_id', '?');
    using rows = new Stream(this.#db, this.#sessionRows());
    using events = new Stream(this.#db, this.#events());
    using tasks = new Stream(this.#db, this.#tasks());
    using deadLetters = new Stream(this.#db, this.#orphans(`status IS 'open'`));
    for (const { key, value } of this.sessionIds()) {
      const [first] = [...rows.of(key)];
      yield {
        key,
        cells: first?.cells ?? null,
        named: { session_id: value },
        lock: lock(value),
        events: events.of(key),
        tasks: mapped(tasks.of(key), (record) => ({
          ...record,
          inFlight: record.extra['(in flight)'] === 1,
          dedupeKey: String(record.extra['(dedupe)']),
          dedupeTaken: taken.has(record.key),
          deadLetter: deadLetter(record.cells['task_id']),
        })),
        deadLetters: deadLetters.of(key),
      };
    }
  }

  /** Rows that are not imported: a second session with the same id, and resolved dead letters whose task is missing. */
  *leftOut(): Generator<{ readonly table: OldTable; readonly id: string; readonly record: OldRecord }> {
    const key = bytes('s.session_id');
    const numbered = `SELECT s.*, ${key} AS "(session)", ${key} AS "(key)",
      row_number() OVER (PARTITION BY ${key} ORDER BY s.rowid) AS "(nth)"
      FROM ${this.#table('session_state', ['session_id'])} s`;
    const twice = `SELECT * FROM (${numbered}) WHERE "(nth)" > 1`;
    using sessions = new Stream(this.#db, twice);
    for (const record of sessions.all()) yield { table: 'session_state', id: 'session_id', record };
    using letters = new Stream(this.#db, this.#orphans(`status IS NOT 'open'`));
    for (const record of letters.all()) yield { table: 'dead_letters', id: 'task_id', record };
  }

  #sessionIds(): string {
    const parts = [
      this.#table('session_state', ['session_id']),
      this.#table('task_queue', ['session_id']),
      this.#table('event_log', ['session_id']),
      `(${this.#orphans(`status IS 'open'`)})`,
    ];
    const selected = parts.map((part) => `SELECT ${bytes('session_id')} AS key, session_id AS value FROM ${part}`);
    return `${selected.join(' UNION ')} ORDER BY key`;
  }

  #sessionRows(): string {
    return `SELECT s.*, ${bytes('s.session_id')} AS "(session)", ${bytes('s.session_id')} AS "(key)"
      FROM ${this.#table('session_state', ['session_id'])} s ORDER BY "(session)", s.rowid`;
  }

  #events(): string {
    return `SELECT e.*, ${bytes('e.session_id')} AS "(session)", '' AS "(key)"
      FROM ${this.#table('event_log', ['session_id', 'event_seq', 'event_id'])} e
      ORDER BY "(session)", e.event_seq, e.event_id`;
  }

  #tasks(): string {
    const tasks = this.#table('task_queue', [
      'task_id',
      'session_id',
      'status',
      'retry_count',
      'created_at',
      'dedupe_key',
    ]);
    const sessions = this.#table('session_state', ['session_id', 'status', 'inflight_task_id']);
    const inFlight = `coalesce(s.status = 'running' AND s.inflight_task_id = t.task_id, 0)`;
    return `SELECT t.*, ${bytes('t.session_id')} AS "(session)", ${taskKey('t')} AS "(key)",
      ${bytes('t.dedupe_key')} AS "(dedupe)", ${inFlight} AS "(in flight)"
      FROM ${tasks} t LEFT JOIN ${sessions} s ON s.session_id = t.session_id
      ORDER BY "(session)", legacy_phase(t.status, t.retry_count, ${inFlight}), t.created_at, t.task_id`;
  }

  /** Dead letters whose task is missing. */
  #orphans(where: string): string {
    const letters = this.#table('dead_letters', ['task_id', 'session_id', 'status']);
    const tasks = this.#table('task_queue', ['task_id']);
    return `SELECT d.*, ${bytes('d.session_id')} AS "(session)", 'letter ' || ${taskKey('d')} AS "(key)"
      FROM ${letters} d
      WHERE ${where} AND NOT EXISTS (SELECT 1 FROM ${tasks} t WHERE t.task_id = d.task_id) ORDER BY "(session)"`;
  }

  /** The tasks that come after another one with the same dedupe key. */
  #takenDedupeKeys(): ReadonlySet<string> {
    const tasks = this.#table('task_queue', ['task_id', 'session_id', 'created_at', 'dedupe_key']);
    const sessions = this.#table('session_state', ['session_id', 'namespace']);
    const dedupeKey = `legacy_dedupe_key(t.dedupe_key, ${bytes('t.dedupe_key')})`;
    const numbered = `SELECT ${taskKey('t')} AS key, row_number() OVER
      (PARTITION BY legacy_namespace(s.namespace), ${dedupeKey} ORDER BY t.created_at, t.task_id) AS nth
      FROM ${tasks} t LEFT JOIN ${sessions} s ON s.session_id = t.session_id WHERE t.dedupe_key IS NOT NULL`;
    return new Set(this.#db.prepare<[], string>(`SELECT key FROM (${numbered}) WHERE nth > 1`).pluck().all());
  }

  #lookUp(table: OldTable, column: string, value: string): (id: OldValue | undefined) => OldCells | null {
    if (this.#columns.get(table)?.has(column) !== true) return () => null;
    const statement = this.#db.prepare<[OldValue], OldCells>(`SELECT * FROM ${table} WHERE ${column} = ${value}`);
    return (id) => (id === undefined || id === null ? null : (statement.get(id) ?? null));
  }

  /** A table with the columns that a query needs. A missing column is NULL, a missing table has no row. */
  #table(table: OldTable, needed: readonly string[]): string {
    const there = this.#columns.get(table);
    if (there === undefined)
      return `(SELECT 0 AS rowid, ${needed.map((column) => `NULL AS ${column}`).join(', ')} WHERE 0)`;
    const missing = needed.filter((column) => !there.has(column));
    if (missing.length === 0) return table;
    return `(SELECT rowid, *, ${missing.map((column) => `NULL AS ${column}`).join(', ')} FROM ${table})`;
  }
}

/** The type and bytes of a value: they distinguish two ids that look the same as text. */
function bytes(column: string): string {
  return `typeof(${column}) || ' ' || hex(${column})`;
}

/** A key of a text column may be NULL in SQLite, and more than once. */
function taskKey(of: string): string {
  return `CASE WHEN ${of}.task_id IS NULL THEN 'row ' || ${of}.rowid ELSE ${bytes(`${of}.task_id`)} END`;
}

interface StreamedRecord extends OldRecord {
  readonly session: string;
  /** The columns that the query adds to those of the table. */
  readonly extra: OldCells;
}

/** The rows of a query that sorts them by session, one session after the other. */
class Stream implements Disposable {
  readonly #rows: Generator<StreamedRecord, void>;
  #next: StreamedRecord | null;

  constructor(db: Database.Database, sql: string) {
    this.#rows = mapped(db.prepare<[], OldCells>(sql).iterate(), recordOf);
    this.#next = this.#read();
  }

  /** The rows of one session. Call it for each session that has rows, in the order of the query. */
  *of(session: string): Generator<StreamedRecord> {
    while (this.#next?.session === session) {
      const record = this.#next;
      this.#next = this.#read();
      yield record;
    }
  }

  *all(): Generator<StreamedRecord> {
    while (this.#next !== null) yield* this.of(this.#next.session);
  }

  /** A connection cannot be closed while a query is open. */
  [Symbol.dispose](): void {
    this.#rows.return();
  }

  #read(): StreamedRecord | null {
    return this.#rows.next().value ?? null;
  }
}

function recordOf(columns: OldCells): StreamedRecord {
  const entries = Object.entries(columns);
  const extra = Object.fromEntries(entries.filter(isAdded));
  const cells = Object.fromEntries(entries.filter((entry) => !isAdded(entry)));
  return { cells, key: String(extra['(key)']), session: String(extra['(session)']), extra };
}

/** Columns that a query adds have a name in parentheses, unlike the columns of any table. */
function isAdded([name]: [string, OldValue]): boolean {
  return name.startsWith('(');
}

function* mapped<In, Out>(items: Iterable<In>, change: (item: In) => Out): Generator<Out, void> {
  for (const item of items) yield change(item);
}
