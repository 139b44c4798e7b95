/**
 * Files of the proof of concept, made from what is known of its tables: one text per generation, and how a
 * file of one grew when a later one opened it (tables are added, columns are not, but where a generation added them
 * itself).
 */
import Database from 'better-sqlite3';
import { newPath } from '../../storage-sqlite/test/temporary-store.ts';

const SESSION_STATE = `CREATE TABLE IF NOT EXISTS session_state (
  session_id TEXT PRIMARY KEY, namespace TEXT NOT NULL DEFAULT 'default', phase TEXT NOT NULL DEFAULT 'idle',
  status TEXT NOT NULL DEFAULT 'idle', owner_agent TEXT, inflight_task_id TEXT, last_turn INTEGER NOT NULL DEFAULT 0,
  last_action TEXT, next_action TEXT, context_hash TEXT, checkpoint_seq INTEGER NOT NULL DEFAULT 0, memory_ref TEXT,
  heartbeat_at TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, lock_token TEXT, lock_expires_at TEXT)`;

const taskQueue = (status: string, further = '') => `CREATE TABLE IF NOT EXISTS task_queue (
  task_id TEXT PRIMARY KEY, session_id TEXT NOT NULL REFERENCES session_state(session_id) ON DELETE CASCADE,
  task_type TEXT NOT NULL, priority INTEGER NOT NULL DEFAULT 5, payload TEXT NOT NULL DEFAULT '{}',
  status TEXT NOT NULL DEFAULT '${status}', owner_agent TEXT, dedupe_key TEXT, created_at TEXT NOT NULL,
  started_at TEXT, finished_at TEXT, retry_count INTEGER NOT NULL DEFAULT 0,
  error_code TEXT, error_msg TEXT${further})`;

const LOCK = `CREATE TABLE IF NOT EXISTS distributed_lock (
  lock_key TEXT PRIMARY KEY, owner_token TEXT NOT NULL, owner_agent TEXT, acquired_at TEXT NOT NULL,
  expires_at TEXT NOT NULL, version INTEGER NOT NULL DEFAULT 1)`;

const EVENT_LOG = `CREATE TABLE IF NOT EXISTS event_log (
  event_id INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id TEXT NOT NULL REFERENCES session_state(session_id) ON DELETE CASCADE,
  event_seq INTEGER NOT NULL, event_type TEXT NOT NULL, actor_agent TEXT NOT NULL, idempotency_key TEXT,
  turn_id INTEGER NOT NULL DEFAULT 0, payload TEXT NOT NULL DEFAULT '{}', status TEXT NOT NULL DEFAULT 'ok',
  error_code TEXT, created_at TEXT NOT NULL, UNIQUE (session_id, event_seq), UNIQUE (session_id, idempotency_key))`;

const INDEXES = [
  'CREATE INDEX IF NOT EXISTS idx_task_queue_status ON task_queue(status, priority, created_at)',
  'CREATE INDEX IF NOT EXISTS "tasks_due" ON task_queue(session_id) WHERE status = \'queued\'',
  'CREATE UNIQUE INDEX IF NOT EXISTS [event_log_seq] ON event_log(session_id, event_seq)',
];

const OBSERVATION = [
  `CREATE TABLE IF NOT EXISTS alerts (
    alert_id INTEGER PRIMARY KEY AUTOINCREMENT, alert_key TEXT NOT NULL, level TEXT NOT NULL,
    value REAL, threshold REAL, source TEXT, message TEXT NOT NULL, created_at TEXT NOT NULL, resolved_at TEXT)`,
  `CREATE TABLE IF NOT EXISTS dead_letters (
    dead_letter_id INTEGER PRIMARY KEY AUTOINCREMENT, task_id TEXT NOT NULL UNIQUE, session_id TEXT NOT NULL,
    reason TEXT NOT NULL, payload TEXT NOT NULL DEFAULT '{}', error_code TEXT, created_at TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'open', resolved_at TEXT)`,
  `CREATE TABLE IF NOT EXISTS lock_events (
    lock_event_id INTEGER PRIMARY KEY AUTOINCREMENT, lock_key TEXT NOT NULL, session_id TEXT,
    event_type TEXT NOT NULL, actor_agent TEXT NOT NULL, payload TEXT NOT NULL DEFAULT '{}', created_at TEXT NOT NULL)`,
];

const RETRIES = ', last_error TEXT, next_retry_at TEXT';
const HEARTBEATS = ', heartbeat_at TEXT, max_retries INTEGER NOT NULL DEFAULT 3';

/** What each generation runs when it opens a file. */
const GENERATIONS: Readonly<Record<1 | 2 | 3 | 4, readonly string[]>> = {
  1: [SESSION_STATE, taskQueue('pending'), LOCK, EVENT_LOG, ...INDEXES],
  2: [SESSION_STATE, taskQueue('pending', RETRIES), LOCK, EVENT_LOG, ...INDEXES],
  3: [SESSION_STATE, taskQueue('pending', RETRIES), LOCK, EVENT_LOG, ...INDEXES, ...OBSERVATION],
  4: [SESSION_STATE, taskQueue('queued', RETRIES + HEARTBEATS), LOCK, EVENT_LOG, ...INDEXES, ...OBSERVATION],
};

export type Generation = keyof typeof GENERATIONS;

export type Cells = Readonly<Record<string, string | number | null | Buffer>>;

/** Rows by table; what is left out of a row is the column's default. */
export type OldRowsByTable = Readonly<Partial<Record<string, readonly Cells[]>>>;

/** The time of the tests' imports; what is old happened before it. */
export const NOW = Date.UTC(2026, 2, 1, 12);

/** So many seconds before the import, as the old tables write it. */
export function ago(seconds: number): string {
  return new Date(NOW - seconds * 1_000).toISOString();
}

export function session(over: Cells = {}): Cells {
  return { session_id: 'session-1', created_at: ago(3_600), updated_at: ago(60), ...over };
}

export function task(over: Cells = {}): Cells {
  return { task_id: 'task-1', session_id: 'session-1', task_type: 'review', created_at: ago(1_800), ...over };
}

export function event(over: Cells = {}): Cells {
  return {
    session_id: 'session-1',
    event_seq: 1,
    event_type: 'task_enqueued',
    actor_agent: 'builder',
    created_at: ago(1_800),
    ...over,
  };
}

/** Writes a file that each of the generations opened in turn. */
export function oldFile(
  generations: readonly Generation[],
  rows: OldRowsByTable = {},
  path = newPath('orchestrator.db'),
): string {
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = NORMAL');
  for (const generation of generations) for (const statement of GENERATIONS[generation]) db.exec(statement);
  // The proof of concept did not always check what points where.
  db.pragma('foreign_keys = OFF');
  insert(db, rows);
  db.close();
  return path;
}

function insert(db: Database.Database, rows: OldRowsByTable): void {
  for (const [table, all = []] of Object.entries(rows))
    for (const row of all) {
      const columns = Object.keys(row);
      const values = columns.map(() => '?').join(', ');
      db.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${values})`).run(...Object.values(row));
    }
}

/** A session that works on its task `task-1`. */
export function running(over: Cells = {}): Cells {
  return session({ status: 'running', inflight_task_id: 'task-1', ...over });
}

/** One of everything that a file of any generation can hold. */
export const COMMON: OldRowsByTable = {
  session_state: [
    session({
      session_id: 'busy',
      status: 'running',
      owner_agent: 'builder',
      inflight_task_id: 'now',
      last_turn: 7,
      last_action: 'wrote',
      next_action: 'test',
      context_hash: 'h7',
      memory_ref: 'notes.md',
      heartbeat_at: ago(30),
      lock_token: 'u1',
      lock_expires_at: ago(-90),
    }),
    session({ session_id: 'free' }),
  ],
  task_queue: [
    task({ task_id: 'now', session_id: 'busy', status: 'running', owner_agent: 'builder', started_at: ago(600) }),
    task({ task_id: 'next', session_id: 'busy', status: 'pending', payload: '{"n":1}', priority: 2, dedupe_key: 'k' }),
    task({ task_id: 'was', session_id: 'free', status: 'done', started_at: ago(900), finished_at: ago(800) }),
  ],
  distributed_lock: [
    {
      lock_key: 'session:busy:lock',
      owner_token: 'u1',
      owner_agent: 'builder',
      acquired_at: ago(600),
      expires_at: ago(-90),
    },
  ],
  event_log: [
    event({ session_id: 'busy', event_seq: 1, created_at: ago(1_800) }),
    event({
      session_id: 'busy',
      event_seq: 2,
      event_type: 'task_claimed',
      payload: '{"task_id":"now"}',
      created_at: ago(600),
    }),
    event({ session_id: 'free', event_seq: 1, event_type: 'task_completed', created_at: ago(800) }),
  ],
};

export const OBSERVED: OldRowsByTable = {
  alerts: [{ alert_key: 'a', level: 'warn', value: 1.5, threshold: 1, message: 'm', created_at: ago(50) }],
  lock_events: [
    { lock_key: 'session:busy:lock', event_type: 'lock_takeover', actor_agent: 'builder', created_at: ago(40) },
  ],
};
