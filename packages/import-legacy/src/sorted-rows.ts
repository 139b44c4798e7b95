import { createHash } from 'node:crypto';
import type Database from 'better-sqlite3';
import {
  charactersOf,
  COLUMNS,
  keyOfRow,
  nextHeadOf,
  PAGE_CHARACTERS,
  TABLE_KEYS,
  type Cell,
  type NewEvent,
  type Row,
  type RowKey,
  type TableName,
  type Task,
} from '@agent-orchestrator/core';
import type { ImportedSession } from './session-import.ts';

/** The tables that the proof of concept has rows for. */
const FILLED = ['sessions', 'tasks', 'event_log'] as const satisfies TableName[];
type FilledTable = (typeof FILLED)[number];

/**
 * The new rows, in a temporary database that sorts them: a store takes the rows of each table by key, but they are made
 * session by session.
 */
export class SortedRows {
  readonly #db: Database.Database;
  readonly #insert: Readonly<Record<FilledTable, Database.Statement<Cell[]>>>;
  readonly #digest = createHash('sha256');
  #lastEventId = 0;

  constructor(temporary: Database.Database) {
    this.#db = temporary;
    const insertInto = (table: FilledTable) => {
      const key = TABLE_KEYS[table];
      // An id of an event is a number; the rest are texts, which SQLite compares byte by byte.
      const columns = key.map((column) => `${column} ${table === 'event_log' ? 'INTEGER' : 'TEXT'}`).join(', ');
      temporary.exec(`CREATE TABLE ${table} (${columns}, cells TEXT, PRIMARY KEY (${key.join(', ')}))`);
      return temporary.prepare<Cell[]>(`INSERT INTO ${table} VALUES (${key.map(() => '?').join(', ')}, ?)`);
    };
    this.#insert = {
      sessions: insertInto('sessions'),
      tasks: insertInto('tasks'),
      event_log: insertInto('event_log'),
    };
  }

  get lastEventId(): number {
    return this.#lastEventId;
  }

  addSession({ session, head }: ImportedSession): void {
    const next = head === null ? {} : nextHeadOf(head);
    this.#add('sessions', { ...rowOf(COLUMNS.session, session), ...rowOf(COLUMNS.nextHead, next) });
  }

  addTask(task: Task): void {
    this.#add('tasks', rowOf(COLUMNS.task, task));
  }

  addEvent(event: NewEvent): void {
    this.#lastEventId += 1;
    this.#add('event_log', rowOf(COLUMNS.event, { ...event, id: this.#lastEventId }));
  }

  /** SHA-256 over the rows so far, in the order in which they were added. */
  digest(): string {
    return this.#digest.copy().digest('hex');
  }

  /** As `RowReader.rows`. */
  page(table: TableName, after: RowKey, limit: number): readonly Row[] {
    if (!isFilled(table)) return [];
    const key = TABLE_KEYS[table].join(', ');
    const where = after === null ? '' : `WHERE (${key}) > (${TABLE_KEYS[table].map(() => '?').join(', ')})`;
    const statement = this.#db.prepare<unknown[], string>(
      `SELECT cells FROM ${table} ${where} ORDER BY ${key} LIMIT ?`,
    );
    const rows: Row[] = [];
    let characters = 0;
    for (const text of statement.pluck().iterate(...(after ?? []), limit)) {
      const row = JSON.parse(text) as Row;
      characters += charactersOf(row);
      if (characters > PAGE_CHARACTERS && rows.length > 0) break;
      rows.push(row);
    }
    return rows;
  }

  lastKey(table: TableName): RowKey {
    if (!isFilled(table)) return null;
    const backwards = TABLE_KEYS[table].map((column) => `${column} DESC`).join(', ');
    const row = this.#db.prepare<[], Row>(`SELECT * FROM ${table} ORDER BY ${backwards} LIMIT 1`).get();
    return row === undefined ? null : keyOfRow(table, row);
  }

  count(table: TableName): number {
    return isFilled(table) ? Number(this.#db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()) : 0;
  }

  #add(table: FilledTable, row: Row): void {
    const cells = JSON.stringify(row);
    this.#digest.update(`${table} ${cells}\n`);
    this.#insert[table].run(...(keyOfRow(table, row) ?? []), cells);
  }
}

function isFilled(table: TableName): table is FilledTable {
  return FILLED.some((one) => one === table);
}

/** The row of an object of core; what the object lacks is null. */
function rowOf<Field extends string>(
  columns: Readonly<Record<Field, string>>,
  from: { readonly [F in Field]?: Cell },
): Row {
  return Object.fromEntries(
    Object.entries<string>(columns).map(([field, column]) => [column, from[field as Field] ?? null]),
  );
}
