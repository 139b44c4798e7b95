import type Database from 'better-sqlite3';
import { HASH, Identifiers, NAMESPACE } from '../identifiers.ts';
import type { Row, Sample } from '../sample.ts';
import type { Synchronous } from '../subject.ts';
import { openLikeOurs } from './floor.ts';

type Cell = string | number | null;
const TABLES = ['sessions', 'tasks', 'event_log'] as const;

/** What each column holds that has to differ from batch to batch. */
const IDS = {
  sessions: ['id', 'next_task_id'],
  tasks: ['id', 'session_id'],
  event_log: ['stream_id', 'session_id', 'task_id'],
} as const;

/** The rows of one enqueue, written again and again under new ids by prepared inserts in one transaction. */
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
      'INSERT INTO receipts (namespace, command_id, request_hash, reply, at) VALUES (?, ?, ?, ?, ?)',
    );
  }

  insertBatch(): void {
    const ids = new Map(this.#sample.rows.sessions.map(({ id }) => [id as Cell, this.#identifiers.nextUuid()]));
    this.#db.exec('BEGIN IMMEDIATE');
    for (const { insert, rows, isId, numberAt } of this.#tables) {
      for (const cells of rows)
        insert.run(
          ...cells.map((cell, at) => {
            if (at === numberAt && cell !== null) return this.#identifiers.nextNumber();
            return isId[at] === true ? (ids.get(cell) ?? cell) : cell;
          }),
        );
    }
    this.#receipt.run(NAMESPACE, this.#identifiers.nextUuid(), HASH, this.#sample.enqueueReply, Date.now());
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
    /** No two rows of a table have one number. */
    numberAt: columns.indexOf('number'),
  };
}
