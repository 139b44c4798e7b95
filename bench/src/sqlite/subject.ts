import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Content, FloorOptions, Store, Subject, Synchronous } from '../subject.ts';
import { openWaitingFloor } from './open-floor.ts';

const SCHEME = 'sqlite:';

/** Files in a folder. */
export function sqlite(folder: string, synchronous: Synchronous): Subject {
  const storeAt = (name: string): Store => ({ url: `${SCHEME}${join(folder, `${name}.db`)}`, synchronous });
  return {
    name: `SQLite, ${synchronous}`,
    async create(name) {
      mkdirSync(folder, { recursive: true });
      return storeAt(name);
    },
    async copy(from, name) {
      const to = storeAt(name);
      // A closed store is one file: its log was moved into it by the last connection.
      copyFileSync(pathOf(from), pathOf(to));
      return to;
    },
    async remove(store) {
      for (const suffix of ['', '-wal', '-shm']) rmSync(pathOf(store) + suffix, { force: true });
    },
    async openFloor(store, { sample, process }: FloorOptions) {
      return openWaitingFloor({ path: pathOf(store), synchronous, busyTimeoutMs: 0, sample, process });
    },
    async contentsOf(store, statements) {
      const db = new Database(pathOf(store), { readonly: true });
      try {
        return statements.flatMap((sql) => db.prepare<[], Content>(sql).all());
      } finally {
        db.close();
      }
    },
    async fill(store, statements) {
      fill(pathOf(store), statements);
    },
  };
}

export function pathOf({ url }: Store): string {
  return url.slice(SCHEME.length);
}

/**
 * The statements name columns as every database has them. In a file, numbers and bytes stand for some: so they fill
 * tables of the connection's own, which hide those of the file, and from there the rows go into the file.
 */
const SHADOWS = `
  CREATE TEMP TABLE sessions AS SELECT * FROM main.sessions_v WHERE false;
  CREATE TEMP TABLE tasks AS SELECT * FROM main.tasks_v WHERE false;
  CREATE TEMP TABLE event_log AS SELECT * FROM main.events_v WHERE false;`;
const NAMESPACE = '(SELECT id FROM main.namespaces n WHERE n.name = x.namespace)';
const SESSION = '(SELECT s.number FROM temp.sessions s WHERE s.id = x.session_id)';
const TASK = '(SELECT t.number FROM temp.tasks t WHERE t.id = x.task_id)';
const SESSION_COLUMNS = `number, id, status, agent, fence, ttl_ms, stale_after_ms, lease_expires_at, heartbeat_at,
  stale_at, task_id, renewals, near_misses, tasks_open, seq, next_task_id, next_priority, next_queued_at, next_kind,
  next_for, version, created_at, updated_at`;
const TASK_COLUMNS = `number, id, kind, title, payload, priority, status, run_at, queued_at, attempt, attempts_max,
  interruptions, interruptions_max, backoff_ms, assignee, created_at, started_at, version`;
const EVENT_COLUMNS = 'stream_kind, seq, type, lease_effect, agent, fence, payload, at';
const FROM_SHADOWS = `
  CREATE INDEX temp.shadow_sessions ON sessions (id, number);
  CREATE INDEX temp.shadow_tasks ON tasks (id, number);
  INSERT INTO main.namespaces (name) SELECT DISTINCT namespace FROM temp.sessions;
  INSERT INTO main.sessions (${SESSION_COLUMNS}, namespace, token_hash, hash)
    SELECT ${SESSION_COLUMNS}, ${NAMESPACE}, unhex(token_hash), unhex(hash) FROM temp.sessions x;
  INSERT INTO main.tasks (${TASK_COLUMNS}, namespace, session)
    SELECT ${TASK_COLUMNS}, ${NAMESPACE}, ${SESSION} FROM temp.tasks x;
  INSERT INTO main.event_log (${EVENT_COLUMNS}, namespace, session, task, hash)
    SELECT ${EVENT_COLUMNS}, ${NAMESPACE}, ${SESSION}, ${TASK}, unhex(hash) FROM temp.event_log x;
  DROP TABLE temp.sessions; DROP TABLE temp.tasks; DROP TABLE temp.event_log;`;

function fill(path: string, statements: readonly string[]): void {
  const db = new Database(path);
  for (const pragma of [
    'synchronous = OFF',
    'foreign_keys = OFF',
    'ignore_check_constraints = ON',
    'cache_size = -1000000',
  ])
    db.pragma(pragma);
  db.exec('BEGIN');
  db.exec(SHADOWS);
  const dropped = db
    .prepare<[], { type: string; name: string; sql: string }>(
      `SELECT type, name, sql FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL`,
    )
    .all();
  for (const { type, name } of dropped) db.exec(`DROP ${type} ${name}`);
  for (const sql of statements) db.exec(sql);
  db.exec(FROM_SHADOWS);
  for (const { sql } of dropped) db.exec(sql);
  db.exec('COMMIT');
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
}
