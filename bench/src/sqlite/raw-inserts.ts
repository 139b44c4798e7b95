import type Database from 'better-sqlite3';
import { bytesOf, HASH, Identifiers, NAMESPACE } from '../identifiers.ts';
import type { Row, Sample } from '../sample.ts';
import type { Synchronous } from '../subject.ts';
import { openLikeOurs } from './floor.ts';

type Cell = Row[string];
const TABLES = ['sessions', 'tasks', 'event_log'] as const;

/** What each column holds that has to differ from batch to batch: an id, or the number of a session or a task. */
const IDS = {
  sessions: ['id', 'next_task_id', 'number'],
  tasks: ['id', 'number', 'session'],
  event_log: ['session', 'task'],
} as const;

export class RawInserts {
  readonly #db: Database.Database;
  readonly #sample: Sample;
  readonly #tables;
  readonly #receipt;
  readonly #identifiers = new Identifiers(0);

  constructor(path: string, synchronous: Synchronous, sample: Sample) {
    this.#db = openLikeOurs(path, synchronous, 0);
    this.#sample = sample;
    this.#tables = TABLES.map((table) => insertsOf(this.#db, table, sample.rows[table]));
    this.#receipt = this.#db.prepare(
      `INSERT INTO receipts (namespace, command_id, request_hash, reply, at)
        VALUES ((SELECT id FROM namespaces WHERE name = ?), ?, ?, ?, ?)`,
    );
  }

  insertBatch(): void {
    const ids = new Map<Cell, Cell>();
    for (const { id, number } of [...this.#sample.rows.sessions, ...this.#sample.rows.tasks]) {
      if (id !== undefined && !ids.has(id)) ids.set(id, this.#identifiers.nextUuid());
      if (number !== undefined && !ids.has(number)) ids.set(number, this.#identifiers.nextNumber());
    }
    this.#db.exec('BEGIN IMMEDIATE');
    for (const { insert, rows, isId } of this.#tables)
      for (const cells of rows)
        insert.run(...cells.map((cell, at) => (isId[at] === true ? (ids.get(cell) ?? cell) : cell)));
    const command = bytesOf(this.#identifiers.nextUuid());
    this.#receipt.run(NAMESPACE, command, bytesOf(HASH), this.#sample.enqueueReply, Date.now());
    this.#db.exec('COMMIT');
  }

  close(): void {
    this.#db.close();
  }
}

function insertsOf(db: Database.Database, table: (typeof TABLES)[number], rows: readonly Row[]) {
  // The database numbers events itself.
  const columns = Object.keys(rows[0] ?? {}).filter((column) => table !== 'event_log' || column !== 'id');
  const ids: readonly string[] = IDS[table];
  return {
    insert: db.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`),
    rows: rows.map((row) => columns.map((column) => row[column] ?? null)),
    isId: columns.map((column) => ids.includes(column)),
  };
}
