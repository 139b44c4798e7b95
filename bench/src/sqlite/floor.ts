import Database from 'better-sqlite3';
import { AGENT, HASH, Identifiers, NAMESPACE, TTL_MS } from '../identifiers.ts';
import type { Sample } from '../sample.ts';
import type { Synchronous } from '../subject.ts';

/*
 * The floor: what SQLite alone needs to write what one claim and one release write.
 * - the same tables, indexes, checks and triggers
 * - prepared text with positional parameters
 * - the same columns updated; events and receipts as long as ours
 * - no rules: nothing is validated, hashed, looked up for duplicates, judged or answered but the task
 */

const LEASE = `status = 'running', agent = ?, fence = ?, token_hash = '${HASH}', ttl_ms = ${TTL_MS},
  stale_after_ms = ${TTL_MS / 2}, lease_expires_at = ?, heartbeat_at = ?, stale_at = ?, task_id = ?`;
const NO_LEASE = `agent = NULL, fence = NULL, token_hash = NULL, ttl_ms = NULL, stale_after_ms = NULL,
  lease_expires_at = NULL, heartbeat_at = NULL, stale_at = NULL, task_id = NULL`;
const NO_HEAD = `next_task_id = NULL, next_priority = NULL, next_queued_at = NULL, next_kind = NULL, next_for = NULL`;
const LOGGED = `seq = ?, hash = ?, version = version + 1, updated_at = ?`;

const SQL = {
  best: `SELECT s.id, s.seq, s.hash, t.payload FROM sessions s INDEXED BY sessions_ready
    JOIN tasks t ON t.namespace = s.namespace AND t.id = s.next_task_id
    WHERE s.namespace = ? AND s.next_for = '' AND s.status = 'idle' AND s.next_task_id IS NOT NULL
    ORDER BY s.next_priority, s.next_queued_at, s.next_task_id LIMIT 1`,
  lease: `UPDATE sessions SET ${LEASE}, ${NO_HEAD}, ${LOGGED} WHERE namespace = ? AND id = ?`,
  start: `UPDATE tasks SET status = 'running', attempt = attempt + 1, started_at = ?, version = version + 1
    WHERE namespace = ? AND id = ?`,
  held: `SELECT seq, hash, task_id FROM sessions WHERE namespace = ? AND id = ? AND fence = ?`,
  end: `UPDATE sessions SET status = 'closed', ${NO_LEASE}, tasks_open = tasks_open - 1, ${LOGGED}
    WHERE namespace = ? AND id = ?`,
  finish: `UPDATE tasks SET status = 'succeeded', finished_at = ?, version = version + 1
    WHERE namespace = ? AND id = ?`,
  event: `INSERT INTO event_log (stream_kind, namespace, stream_id, seq, type, lease_effect, session_id, task_id,
      agent, fence, command_id, payload, at, prev_hash, hash)
    VALUES ('session', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  receipt: `INSERT INTO receipts (namespace, command_id, request_hash, reply, at) VALUES (?, ?, ?, ?, ?)`,
} as const;

export interface SqliteFloorOptions {
  readonly path: string;
  readonly synchronous: Synchronous;
  /** How long SQLite itself waits for a lock, in milliseconds; 0: it throws. */
  readonly busyTimeoutMs: number;
  readonly sample: Sample;
  readonly process: number;
}

type Best = readonly [sessionId: string, seq: number, hash: string, payload: string];
type Held = readonly [seq: number, hash: string, taskId: string];

export interface Lease {
  readonly sessionId: string;
  readonly fence: number;
  readonly payload: string;
}

export class SqliteFloor {
  readonly db: Database.Database;
  readonly #sample: Sample;
  readonly #statements;
  readonly #ids: Identifiers;

  constructor({ path, synchronous, busyTimeoutMs, sample, process }: SqliteFloorOptions) {
    this.db = openLikeOurs(path, synchronous, busyTimeoutMs);
    this.#sample = sample;
    this.#ids = new Identifiers(process);
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
    const fence = this.#ids.nextFence();
    const command = this.#ids.nextUuid();
    on.lease.run(AGENT, fence, now + TTL_MS, now, now + TTL_MS, id, seq + 1, HASH, now, NAMESPACE, id);
    on.start.run(now, NAMESPACE, id);
    on.event.run(
      NAMESPACE,
      id,
      seq + 1,
      'task.claimed',
      'granted',
      id,
      id,
      AGENT,
      fence,
      command,
      this.#sample.claimed,
      now,
      hash,
      HASH,
    );
    on.receipt.run(NAMESPACE, command, HASH, this.#sample.claimReply, now);
    on.commit.run();
    return { sessionId: id, fence, payload: JSON.parse(payload) as string };
  }

  release({ sessionId, fence }: Lease): void {
    const on = this.#statements;
    on.begin.run();
    const held = on.held.get(NAMESPACE, sessionId, fence);
    if (held === undefined) throw new Error('the lease is lost');
    const [seq, hash, taskId] = held;
    const now = Date.now();
    const command = this.#ids.nextUuid();
    on.end.run(seq + 2, HASH, now, NAMESPACE, sessionId);
    on.finish.run(now, NAMESPACE, taskId);
    on.event.run(
      NAMESPACE,
      sessionId,
      seq + 1,
      'task.succeeded',
      'ended',
      sessionId,
      taskId,
      AGENT,
      fence,
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
      sessionId,
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
