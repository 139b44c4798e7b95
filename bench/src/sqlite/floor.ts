import Database from 'better-sqlite3';
import { AGENT, bytesOf, HASH, Identifiers, NAMESPACE, TTL_MS } from '../identifiers.ts';
import type { Sample } from '../sample.ts';
import type { Synchronous } from '../subject.ts';

/*
 * The floor: what SQLite alone needs to write what one claim and one release write.
 * - the same tables, indexes, checks and triggers
 * - prepared text with positional parameters
 * - the same columns updated; events and receipts as long as ours
 * - no rules: nothing is validated, hashed, looked up for duplicates, judged or answered but the task
 */

const LEASE = `status = 'running', agent = ?, fence = ?, token_hash = x'${HASH}', ttl_ms = ${TTL_MS},
  stale_after_ms = ${TTL_MS / 2}, lease_expires_at = ?, heartbeat_at = ?, stale_at = ?, task_id = ?`;
const NO_LEASE = `agent = NULL, fence = NULL, token_hash = NULL, ttl_ms = NULL, stale_after_ms = NULL,
  lease_expires_at = NULL, heartbeat_at = NULL, stale_at = NULL, task_id = NULL`;
const NO_HEAD = `next_task_id = NULL, next_priority = NULL, next_queued_at = NULL, next_kind = NULL, next_for = NULL`;
const LOGGED = `seq = ?, hash = x'${HASH}', version = version + 1, updated_at = ?`;

const SQL = {
  namespace: 'SELECT id FROM namespaces WHERE name = ?',
  best: `SELECT s.number, s.seq, t.number, t.id, t.payload FROM sessions s INDEXED BY sessions_ready
    JOIN tasks t ON t.namespace = s.namespace AND t.id = s.next_task_id
    WHERE s.namespace = ? AND s.next_for = '' AND s.status = 'idle' AND s.next_task_id IS NOT NULL
    ORDER BY s.next_priority, s.next_queued_at, s.next_task_id LIMIT 1`,
  lease: `UPDATE sessions SET ${LEASE}, ${NO_HEAD}, ${LOGGED} WHERE number = ?`,
  start: `UPDATE tasks SET status = 'running', attempt = attempt + 1, started_at = ?, version = version + 1
    WHERE number = ?`,
  held: `SELECT s.seq, t.number FROM sessions s JOIN tasks t ON t.namespace = s.namespace AND t.id = s.task_id
    WHERE s.number = ? AND s.fence = ?`,
  end: `UPDATE sessions SET status = 'closed', ${NO_LEASE}, tasks_open = tasks_open - 1, ${LOGGED} WHERE number = ?`,
  finish: `UPDATE tasks SET status = 'succeeded', finished_at = ?, version = version + 1 WHERE number = ?`,
  event: `INSERT INTO event_log (stream_kind, namespace, session, seq, type, lease_effect, task, agent, fence,
      command_id, payload, at, hash)
    VALUES ('session', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, x'${HASH}')`,
  receipt: `INSERT INTO receipts (namespace, command_id, request_hash, reply, at) VALUES (?, ?, x'${HASH}', ?, ?)`,
} as const;

export interface SqliteFloorOptions {
  readonly path: string;
  readonly synchronous: Synchronous;
  /** How long SQLite itself waits for a lock, in milliseconds; 0: it throws. */
  readonly busyTimeoutMs: number;
  readonly sample: Sample;
  readonly process: number;
}

type Best = readonly [session: number, seq: number, task: number, taskId: string, payload: string];
type Held = readonly [seq: number, task: number];

export interface Lease {
  readonly session: number;
  readonly fence: number;
  readonly payload: string;
}

export class SqliteFloor {
  readonly db: Database.Database;
  readonly #sample: Sample;
  readonly #statements;
  readonly #namespace: number;
  readonly #ids: Identifiers;

  constructor({ path, synchronous, busyTimeoutMs, sample, process }: SqliteFloorOptions) {
    this.db = openLikeOurs(path, synchronous, busyTimeoutMs);
    this.#sample = sample;
    this.#ids = new Identifiers(process);
    this.#namespace = this.db.prepare<[string], number>(SQL.namespace).pluck().get(NAMESPACE) ?? 0;
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
    const namespace = this.#namespace;
    const best = on.best.get(namespace);
    if (best === undefined) throw new Error('nothing to claim');
    const [session, seq, task, taskId, payload] = best;
    const now = Date.now();
    const fence = this.#ids.nextFence();
    const command = bytesOf(this.#ids.nextUuid());
    on.lease.run(AGENT, fence, now + TTL_MS, now, now + TTL_MS, taskId, seq + 1, now, session);
    on.start.run(now, task);
    const { claimed, claimReply } = this.#sample;
    on.event.run(namespace, session, seq + 1, 'task.claimed', 'granted', task, AGENT, fence, command, claimed, now);
    on.receipt.run(namespace, command, claimReply, now);
    on.commit.run();
    return { session, fence, payload: JSON.parse(payload) as string };
  }

  release({ session, fence }: Lease): void {
    const on = this.#statements;
    on.begin.run();
    const held = on.held.get(session, fence);
    if (held === undefined) throw new Error('the lease is lost');
    const namespace = this.#namespace;
    const [seq, task] = held;
    const now = Date.now();
    const command = bytesOf(this.#ids.nextUuid());
    on.end.run(seq + 2, now, session);
    on.finish.run(now, task);
    const { succeeded, closed, releaseReply } = this.#sample;
    on.event.run(namespace, session, seq + 1, 'task.succeeded', 'ended', task, AGENT, fence, command, succeeded, now);
    on.event.run(namespace, session, seq + 2, 'session.closed', null, null, null, null, command, closed, now);
    on.receipt.run(namespace, command, releaseReply, now);
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
    `wal_autocheckpoint = ${synchronous === 'FULL' ? 1000 : 8000}`,
    'journal_size_limit = 67108864',
  ])
    db.pragma(pragma);
  return db;
}
