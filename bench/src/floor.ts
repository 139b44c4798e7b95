import Database from 'better-sqlite3';
import type { Synchronous } from './store.ts';
import type { Sample } from './sample.ts';

/*
 * The floor: what SQLite alone needs to write what one claim and one release write. The same tables, indexes, checks and
 * triggers; prepared text with positional parameters; the same columns updated; events and receipts as long as ours. No
 * rules: nothing is validated, hashed, looked up for duplicates, judged or answered but the task.
 */

const LEASE = `status = 'running', agent = ?, token = ?, ttl_ms = 120000, stale_after_ms = 60000, lease_expires_at = ?, heartbeat_at = ?, stale_at = ?, task_id = ?`;
const NO_LEASE = `agent = NULL, token = NULL, ttl_ms = NULL, stale_after_ms = NULL, lease_expires_at = NULL, heartbeat_at = NULL, stale_at = NULL, task_id = NULL`;
const NO_HEAD = `next_task_id = NULL, next_priority = NULL, next_queued_at = NULL, next_kind = NULL, next_for = NULL`;
const LOGGED = `seq = ?, hash = ?, version = version + 1, updated_at = ?`;

const SQL = {
  best: `SELECT s.id, s.seq, s.hash, t.payload FROM sessions s INDEXED BY sessions_ready JOIN tasks t ON t.namespace = s.namespace AND t.id = s.next_task_id
    WHERE s.namespace = ? AND s.next_for = '' AND s.status = 'idle' AND s.next_task_id IS NOT NULL
    ORDER BY s.next_priority, s.next_queued_at, s.next_task_id LIMIT 1`,
  lease: `UPDATE sessions SET ${LEASE}, ${NO_HEAD}, ${LOGGED} WHERE namespace = ? AND id = ?`,
  start: `UPDATE tasks SET status = 'running', attempt = attempt + 1, started_at = ?, version = version + 1 WHERE namespace = ? AND id = ?`,
  held: `SELECT seq, hash, task_id FROM sessions WHERE namespace = ? AND id = ? AND token = ?`,
  end: `UPDATE sessions SET status = 'closed', ${NO_LEASE}, tasks_open = tasks_open - 1, ${LOGGED} WHERE namespace = ? AND id = ?`,
  finish: `UPDATE tasks SET status = 'succeeded', finished_at = ?, version = version + 1 WHERE namespace = ? AND id = ?`,
  event: `INSERT INTO event_log (namespace, session_id, seq, type, lease_mark, task_id, agent, token, command_id, payload, at, prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  receipt: `INSERT INTO receipts (namespace, command_id, request_hash, reply, at) VALUES (?, ?, ?, ?, ?)`,
} as const;

const NAMESPACE = 'default';
const AGENT = 'bench';
/** Tokens of several processes must differ, and be numbers as large as ours. */
const FIRST_TOKEN = 1_000_000_000_000_000;
const PROCESSES_MAX = 8;
const HASH = 'b'.repeat(64);

export interface FloorOptions {
  readonly path: string;
  readonly synchronous: Synchronous;
  /** How long SQLite itself waits for a lock, in milliseconds; 0: it throws. */
  readonly busyTimeoutMs?: number;
  /** Texts as long as those that the product writes. */
  readonly sample: Sample;
  /** Which of several processes this is: their tokens and command ids must differ. */
  readonly process?: number;
}

type Best = readonly [sessionId: string, seq: number, hash: string, payload: string];
type Held = readonly [seq: number, hash: string, taskId: string];

export interface Lease {
  readonly sessionId: string;
  readonly token: number;
  readonly payload: string;
}

export class Floor {
  readonly db: Database.Database;
  readonly #sample: Sample;
  readonly #statements;
  readonly #process: number;
  #count = 0;

  constructor({ path, synchronous, busyTimeoutMs = 0, sample, process = 0 }: FloorOptions) {
    this.db = openLikeOurs(path, synchronous, busyTimeoutMs);
    this.#sample = sample;
    this.#process = process;
    const write = (sql: string) => this.db.prepare(sql);
    this.#statements = {
      begin: write('BEGIN IMMEDIATE'),
      commit: write('COMMIT'),
      best: this.db.prepare<unknown[], Best>(SQL.best).raw(),
      lease: write(SQL.lease),
      start: write(SQL.start),
      held: this.db.prepare<unknown[], Held>(SQL.held).raw(),
      end: write(SQL.end),
      finish: write(SQL.finish),
      event: write(SQL.event),
      receipt: write(SQL.receipt),
    };
  }

  /** Throws SQLITE_BUSY, with nothing begun, if another process has the lock. */
  claim(): Lease {
    const on = this.#statements;
    on.begin.run();
    const best = on.best.get(NAMESPACE);
    if (best === undefined) throw new Error('nothing to claim');
    const [id, seq, hash, payload] = best;
    const now = Date.now();
    const token = this.#nextToken();
    const command = this.#nextCommand();
    on.lease.run(AGENT, token, now + 120_000, now, now + 120_000, id, seq + 1, HASH, now, NAMESPACE, id);
    on.start.run(now, NAMESPACE, id);
    on.event.run(
      NAMESPACE,
      id,
      seq + 1,
      'task.claimed',
      1,
      id,
      AGENT,
      token,
      command,
      this.#sample.claimed,
      now,
      hash,
      HASH,
    );
    on.receipt.run(NAMESPACE, command, HASH, this.#sample.claimReply, now);
    on.commit.run();
    return { sessionId: id, token, payload: JSON.parse(payload) as string };
  }

  release({ sessionId, token }: Lease): void {
    const on = this.#statements;
    on.begin.run();
    const held = on.held.get(NAMESPACE, sessionId, token);
    if (held === undefined) throw new Error('the lease is lost');
    const [seq, hash, taskId] = held;
    const now = Date.now();
    const command = this.#nextCommand();
    on.end.run(seq + 2, HASH, now, NAMESPACE, sessionId);
    on.finish.run(now, NAMESPACE, taskId);
    on.event.run(
      NAMESPACE,
      sessionId,
      seq + 1,
      'task.succeeded',
      2,
      taskId,
      AGENT,
      token,
      command,
      this.#sample.succeeded,
      now,
      hash,
      HASH,
    );
    on.event.run(
      NAMESPACE,
      sessionId,
      seq + 2,
      'session.closed',
      null,
      null,
      null,
      null,
      command,
      this.#sample.closed,
      now,
      HASH,
      HASH,
    );
    on.receipt.run(NAMESPACE, command, HASH, this.#sample.releaseReply, now);
    on.commit.run();
  }

  close(): void {
    this.db.close();
  }

  #nextToken(): number {
    return FIRST_TOKEN + (this.#count += 1) * PROCESSES_MAX + this.#process;
  }

  #nextCommand(): string {
    return uuidAt(this.#process, (this.#count += 1));
  }
}

/** A text that looks and sorts like a UUIDv7, for no more than it takes to write it. */
export function uuidAt(process: number, count: number): string {
  return `01900000-0000-7000-8${String(process).padStart(3, '0')}-${String(count).padStart(12, '0')}`;
}

/** The settings that the product's connection has: the floor must not be quicker for want of them. */
export function openLikeOurs(path: string, synchronous: Synchronous, busyTimeoutMs: number): Database.Database {
  const db = new Database(path, { fileMustExist: true, timeout: busyTimeoutMs });
  for (const pragma of ['foreign_keys = 1', 'recursive_triggers = 1', 'trusted_schema = 0', 'cell_size_check = 1'])
    db.pragma(pragma);
  for (const pragma of [
    `synchronous = ${synchronous}`,
    'cache_size = -65536',
    'wal_autocheckpoint = 8000',
    'journal_size_limit = 67108864',
  ])
    db.pragma(pragma);
  return db;
}
