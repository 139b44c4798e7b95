import {
  legacyPhaseOf,
  type LegacyRecord,
  type LegacyRow,
  type LegacySession,
  type LegacyTask,
  type LegacyValue,
} from '@agent-orchestrator/core';
import type { Connection } from '../connection.ts';
import { OLD_TABLES, type OldColumns, type OldTable } from './old-tables.ts';

/** One session with what belongs to it. Each part can be gone through once, in this order. */
export interface OldSession extends LegacySession {
  readonly events: Iterable<LegacyRecord>;
  /** Open ones whose task is gone. */
  readonly deadLetters: Iterable<LegacyRecord>;
  readonly tasks: Iterable<LegacyTask>;
}

const PHASES = ['ended', 'tried', 'running', 'waiting'] as const satisfies ReturnType<typeof legacyPhaseOf>[];

/**
 * The rows of an old database, session by session, in the order in which they come over. SQLite sorts each table once, beside
 * the memory of the process; no index of the old file is counted on, and no more than a row of each table is in hand.
 * Rows belong together by type and bytes of their ids, whatever keys the file was kept with.
 */
export class OldRows {
  readonly #db: Connection;
  readonly #columns: OldColumns;

  /** @param db a reader in an open transaction */
  constructor(db: Connection, columns: OldColumns) {
    this.#db = db;
    this.#columns = columns;
    db.function('legacy_phase', { deterministic: true }, (status, retryCount, inFlight) =>
      PHASES.indexOf(legacyPhaseOf(status as LegacyValue, retryCount as LegacyValue, inFlight === 1)),
    );
  }

  /** How many rows each table has. */
  counts(): Readonly<Partial<Record<OldTable, number>>> {
    const there = OLD_TABLES.filter((table) => this.#columns.has(table));
    const count = (table: OldTable) => Number(this.#db.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
    return Object.fromEntries(there.map((table) => [table, count(table)]));
  }

  *sessions(): Generator<OldSession> {
    const taken = this.#takenDedupeKeys();
    const lock = this.#lookUp('distributed_lock', 'lock_key', `'session:' || ? || ':lock'`);
    const deadLetter = this.#lookUp('dead_letters', 'task_id', '?');
    using rows = new Stream(this.#db, this.#sessionRows());
    using events = new Stream(this.#db, this.#events());
    using tasks = new Stream(this.#db, this.#tasks());
    using deadLetters = new Stream(this.#db, this.#orphans(`status IS 'open'`));
    for (const { key, id } of this.#db.prepare<[], SessionName>(this.#sessionIds()).iterate()) {
      const [first] = [...rows.of(key)];
      yield {
        key,
        row: first?.row ?? null,
        calledBy: { session_id: id },
        lock: lock(id),
        events: events.of(key),
        tasks: mapped(tasks.of(key), (record) => ({
          ...record,
          inFlight: record.extra['(in flight)'] === 1,
          dedupeKey: String(record.extra['(dedupe)']),
          dedupeTaken: taken.has(record.key),
          deadLetter: deadLetter(record.row['task_id']),
        })),
        deadLetters: deadLetters.of(key),
      };
    }
  }

  /** Rows that no session has room for: a second one with the id of another, and what was resolved of a task that is gone. */
  *leftOut(): Generator<{ readonly table: OldTable; readonly id: string; readonly record: LegacyRecord }> {
    const twice = `SELECT * FROM (SELECT s.*, ${bytes('s.session_id')} AS "(session)", ${bytes('s.session_id')} AS "(key)",
      row_number() OVER (PARTITION BY ${bytes('s.session_id')} ORDER BY s.rowid) AS "(nth)" FROM ${this.#table('session_state', ['session_id'])} s) WHERE "(nth)" > 1`;
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
    return `${parts.map((part) => `SELECT ${bytes('session_id')} AS key, session_id AS id FROM ${part}`).join(' UNION ')} ORDER BY key`;
  }

  #sessionRows(): string {
    return `SELECT s.*, ${bytes('s.session_id')} AS "(session)", ${bytes('s.session_id')} AS "(key)"
      FROM ${this.#table('session_state', ['session_id'])} s ORDER BY "(session)", s.rowid`;
  }

  #events(): string {
    return `SELECT e.*, ${bytes('e.session_id')} AS "(session)", '' AS "(key)"
      FROM ${this.#table('event_log', ['session_id', 'event_seq', 'event_id'])} e ORDER BY "(session)", e.event_seq, e.event_id`;
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
    return `SELECT t.*, ${bytes('t.session_id')} AS "(session)", ${taskKey('t')} AS "(key)", ${bytes('t.dedupe_key')} AS "(dedupe)",
      ${inFlight} AS "(in flight)" FROM ${tasks} t LEFT JOIN ${sessions} s ON s.session_id = t.session_id
      ORDER BY "(session)", legacy_phase(t.status, t.retry_count, ${inFlight}), t.created_at, t.task_id`;
  }

  /** Dead letters whose task is gone. */
  #orphans(where: string): string {
    const letters = this.#table('dead_letters', ['task_id', 'session_id', 'status']);
    return `SELECT d.*, ${bytes('d.session_id')} AS "(session)", ${taskKey('d')} AS "(key)" FROM ${letters} d
      WHERE ${where} AND NOT EXISTS (SELECT 1 FROM ${this.#table('task_queue', ['task_id'])} t WHERE t.task_id = d.task_id) ORDER BY "(session)"`;
  }

  /** The tasks that come after another one with the same dedupe key. */
  #takenDedupeKeys(): ReadonlySet<string> {
    const tasks = this.#table('task_queue', ['task_id', 'session_id', 'created_at', 'dedupe_key']);
    const sessions = this.#table('session_state', ['session_id', 'namespace']);
    const later = `SELECT key FROM (SELECT ${taskKey('t')} AS key, row_number() OVER
      (PARTITION BY coalesce(s.namespace, 'default'), t.dedupe_key ORDER BY t.created_at, t.task_id) AS nth
      FROM ${tasks} t LEFT JOIN ${sessions} s ON s.session_id = t.session_id WHERE t.dedupe_key IS NOT NULL) WHERE nth > 1`;
    return new Set(this.#db.prepare<[], string>(later).pluck().all());
  }

  #lookUp(table: OldTable, column: string, value: string): (id: LegacyValue | undefined) => LegacyRow | null {
    if (this.#columns.get(table)?.has(column) !== true) return () => null;
    const statement = this.#db.prepare<[LegacyValue], LegacyRow>(`SELECT * FROM ${table} WHERE ${column} = ${value}`);
    return (id) => (id === undefined || id === null ? null : (statement.get(id) ?? null));
  }

  /** A table with columns that a query names: those that the file lacks hold nothing, and where there is no table there is no row. */
  #table(table: OldTable, needed: readonly string[]): string {
    const there = this.#columns.get(table);
    if (there === undefined)
      return `(SELECT 0 AS rowid, ${needed.map((column) => `NULL AS ${column}`).join(', ')} WHERE 0)`;
    const missing = needed.filter((column) => !there.has(column));
    if (missing.length === 0) return table;
    return `(SELECT rowid, *, ${missing.map((column) => `NULL AS ${column}`).join(', ')} FROM ${table})`;
  }
}

/** Type and bytes of a value: what tells two ids apart however they look as text. */
function bytes(column: string): string {
  return `typeof(${column}) || ' ' || hex(${column})`;
}

/** A key of a text column may be NULL in SQLite, and more than once. */
function taskKey(of: string): string {
  return `CASE WHEN ${of}.task_id IS NULL THEN 'row ' || ${of}.rowid ELSE ${bytes(`${of}.task_id`)} END`;
}

interface SessionName {
  readonly key: string;
  readonly id: LegacyValue;
}

interface StreamedRecord extends LegacyRecord {
  readonly session: string;
  /** What the query adds to the columns of the table. */
  readonly extra: LegacyRow;
}

/** The rows of a query that sorts them by session, one session after the other. */
class Stream implements Disposable {
  readonly #rows: Generator<StreamedRecord, void>;
  #next: StreamedRecord | null;

  constructor(db: Connection, sql: string) {
    this.#rows = mapped(db.prepare<[], LegacyRow>(sql).iterate(), recordOf);
    this.#next = this.#read();
  }

  /** Those of one session; what was left of those before is passed over. */
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

  /** A connection cannot be closed under a query that goes on. */
  [Symbol.dispose](): void {
    this.#rows.return();
  }

  #read(): StreamedRecord | null {
    return this.#rows.next().value ?? null;
  }
}

function recordOf(columns: LegacyRow): StreamedRecord {
  const entries = Object.entries(columns);
  const extra = Object.fromEntries(entries.filter(isAdded));
  const row = Object.fromEntries(entries.filter((entry) => !isAdded(entry)));
  return { row, key: String(extra['(key)']), session: String(extra['(session)']), extra };
}

/** What queries add has a name in parentheses, which no column of a table has. */
function isAdded([name]: [string, LegacyValue]): boolean {
  return name.startsWith('(');
}

function* mapped<In, Out>(items: Iterable<In>, change: (item: In) => Out): Generator<Out, void> {
  for (const item of items) yield change(item);
}
