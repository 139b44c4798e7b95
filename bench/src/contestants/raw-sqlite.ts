import { setTimeout } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { payloadOf, type Payload } from '../tasks.ts';
import { Callers } from './callers.ts';
import { pathOf, type Contestant, type Seat, type Synchronous, type Tally } from './contestant.ts';

/*
 * The floor on SQLite: what a queue with a lease, a fence and an event per change costs when nothing is judged.
 * - one table of jobs and one log, its own, with the indexes that it needs and no check
 * - two prepared statements and one insert for a claim, one statement and one insert for a completion
 * - no sessions, no receipts, no hash chain, no validation
 * - the log goes into the file after as many pages as with the product, which are the quicker numbers
 */
const TABLES = `
  CREATE TABLE jobs (
    id INTEGER PRIMARY KEY, queue TEXT NOT NULL, state TEXT NOT NULL, priority INTEGER NOT NULL,
    due_at INTEGER NOT NULL, payload TEXT NOT NULL, tries INTEGER NOT NULL, fence INTEGER NOT NULL,
    owner TEXT, lease_until INTEGER, result TEXT, created_at INTEGER NOT NULL, changed_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX jobs_waiting ON jobs (queue, priority, due_at, id) WHERE state = 'waiting';
  CREATE INDEX jobs_leased ON jobs (lease_until) WHERE state = 'running';
  CREATE TABLE log (
    id INTEGER PRIMARY KEY, job INTEGER NOT NULL, type TEXT NOT NULL, fence INTEGER NOT NULL, owner TEXT,
    at INTEGER NOT NULL, data TEXT
  ) STRICT;
  CREATE INDEX log_of_job ON log (job);`;

const SQL = {
  add: `INSERT INTO jobs (queue, state, priority, due_at, payload, tries, fence, created_at, changed_at)
    VALUES ('main', 'waiting', 0, ?, ?, 0, 0, ?, ?)`,
  first: `SELECT id, fence, tries, payload FROM jobs
    WHERE queue = 'main' AND state = 'waiting' AND due_at <= ? ORDER BY priority, due_at, id LIMIT 1`,
  take: `UPDATE jobs SET state = 'running', owner = ?, fence = ?, tries = ?, lease_until = ?, changed_at = ?
    WHERE id = ?`,
  finish: `UPDATE jobs SET state = 'done', lease_until = NULL, result = '{}', changed_at = ?
    WHERE id = ? AND fence = ? AND state = 'running'`,
  log: 'INSERT INTO log (job, type, fence, owner, at, data) VALUES (?, ?, ?, ?, ?, ?)',
} as const;

const OWNER = 'bench';
const LEASE_MS = 30_000;
/** SQLite waits itself for other processes. */
const WAIT_MS = 10_000;
/**
 * A process that takes the lock again at once keeps the others out for as long as it works: 30 s, measured with `FULL`.
 * So one that shares its file leaves the lock alone for a moment now and then.
 */
const GIVE_WAY_EVERY_MS = 40;
const GIVE_WAY_MS = 3;

/** Commits between two checkpoints share their cost; with `FULL` a small log that is written over is quicker. */
const CHECKPOINT_PAGES: Readonly<Record<Synchronous, number>> = { FULL: 1_000, NORMAL: 8_000 };

type First = readonly [id: number, fence: number, tries: number, payload: string];

export async function openRawSqlite({ url, synchronous, callers, processes, isFirst }: Seat): Promise<Contestant> {
  const db = new Database(pathOf(url), { timeout: WAIT_MS });
  for (const pragma of [
    'journal_mode = WAL',
    `synchronous = ${synchronous}`,
    'cache_size = -65536',
    'mmap_size = 268435456',
    `wal_autocheckpoint = ${CHECKPOINT_PAGES[synchronous]}`,
  ])
    db.pragma(pragma);
  if (isFirst) db.exec(TABLES);
  const queue = new RawQueue(db);
  let gaveWayAt = performance.now();
  const loops = new Callers(callers, () => ({
    async turn(onTask) {
      if (processes > 1 && performance.now() - gaveWayAt > GIVE_WAY_EVERY_MS) {
        await setTimeout(GIVE_WAY_MS);
        gaveWayAt = performance.now();
      }
      const job = queue.claim();
      if (job === null) return 0;
      onTask((JSON.parse(job.payload) as Payload).lines);
      queue.complete(job);
      return 1;
    },
  }));
  return {
    enqueue: async (tasks) => queue.enqueue(tasks),
    start: (onTask) => loops.start(onTask),
    stop: () => loops.stop(),
    finish: (onTask) => loops.finish(onTask),
    tally: async () => queue.tally(),
    close: async () => void db.close(),
  };
}

interface Job {
  readonly id: number;
  readonly fence: number;
  readonly payload: string;
}

class RawQueue {
  readonly #begin;
  readonly #commit;
  readonly #add;
  readonly #first;
  readonly #take;
  readonly #finish;
  readonly #log;
  readonly #count;

  constructor(db: Database.Database) {
    this.#begin = db.prepare('BEGIN IMMEDIATE');
    this.#commit = db.prepare('COMMIT');
    this.#add = db.prepare(SQL.add);
    this.#first = db.prepare<[number], First>(SQL.first).raw();
    this.#take = db.prepare(SQL.take);
    this.#finish = db.prepare(SQL.finish);
    this.#log = db.prepare(SQL.log);
    this.#count = db.prepare<[string], number>('SELECT count(*) FROM jobs WHERE state = ?').pluck();
  }

  enqueue(tasks: readonly number[]): void {
    this.#begin.run();
    const at = Date.now();
    for (const task of tasks) {
      const { lastInsertRowid } = this.#add.run(at, JSON.stringify(payloadOf(task)), at, at);
      this.#log.run(lastInsertRowid, 'queued', 0, null, at, null);
    }
    this.#commit.run();
  }

  claim(): Job | null {
    this.#begin.run();
    const at = Date.now();
    const first = this.#first.get(at);
    let job: Job | null = null;
    if (first !== undefined) {
      const [id, fence, tries, payload] = first;
      job = { id, fence: fence + 1, payload };
      this.#take.run(OWNER, job.fence, tries + 1, at + LEASE_MS, at, id);
      this.#log.run(id, 'claimed', job.fence, OWNER, at, null);
    }
    this.#commit.run();
    return job;
  }

  complete({ id, fence }: Job): void {
    this.#begin.run();
    const at = Date.now();
    if (this.#finish.run(at, id, fence).changes !== 1) throw new Error(`job ${id} is another worker's`);
    this.#log.run(id, 'done', fence, OWNER, at, '{}');
    this.#commit.run();
  }

  tally(): Tally {
    const count = (state: string): number => this.#count.get(state) ?? 0;
    return { done: count('done'), waiting: count('waiting'), held: count('running'), failed: 0 };
  }
}
