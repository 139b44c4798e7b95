import type { ReadyFilter, Scope, Storage, WriteSet } from '@agent-orchestrator/core';
import type postgres from 'postgres';
import { openPostgresStorage } from '../src/index.ts';

/*
 * A database in which each call that walks over rows meets many: sessions that wait, are held and are closed; one
 * session with a long queue and one with a long log; tasks that have ended, that are not yet due, of which some were
 * delayed by a clock that was ahead, that wait for an answer, and that depend on others. And the calls.
 */

/** How many of each there are. */
const MANY = 4_000;

const HASH = '0'.repeat(64);
const FAR = `(extract(epoch FROM clock_timestamp()) * 1000)::bigint + 864000000`;
const SESSION =
  'namespace, id, number, status, renewals, near_misses, tasks_open, seq, hash, version, created_at, updated_at';
const NEXT = 'next_task_id, next_priority, next_queued_at, next_kind, next_for';
const LEASE = `agent, fence, token_hash, ttl_ms, stale_after_ms, lease_expires_at, heartbeat_at, stale_at, task_id`;
const TASK = `namespace, id, number, session_id, kind, title, payload, priority, status, dedupe_key, run_at, delayed_at,
  queued_at, attempt, attempts_max, interruptions, interruptions_max, backoff_ms, created_at, version`;
const EVENT = `stream_kind, namespace, stream_id, session_id, seq, type, task_id, fence, lease_effect, agent, payload,
  at, prev_hash, hash`;

/** Rows of some sessions; `i` counts them. */
const sessions = (id: string, number: string, status: string, further: readonly [columns: string, values: string]) =>
  `INSERT INTO orchestrator.sessions (${SESSION}, ${further[0]})
   SELECT 'default', ${id}, ${number}, '${status}', 0, 0, 1, 1, '${HASH}', 1, 1, 1, ${further[1]}
   FROM generate_series(1, ${MANY}) i;`;

const tasks = (
  id: string,
  number: string,
  session: string,
  [status, runAt, delayedAt = 'NULL']: readonly string[],
): string =>
  `INSERT INTO orchestrator.tasks (${TASK})
   SELECT 'default', ${id}, ${number}, ${session}, CASE WHEN i = ${MANY} THEN 'rare' ELSE 'common' END, 'title', '{}',
     i % 9, '${status}', 'key of ' || ${id}, ${runAt}, ${delayedAt}, i, 0, 4, 0, 16, 1, 1, 1
   FROM generate_series(1, ${MANY}) i;`;

const one = (session: string, number: number): string =>
  `INSERT INTO orchestrator.sessions (${SESSION}) VALUES
   ('default', '${session}', ${number}, 'idle', 0, 0, ${MANY}, 0, '${HASH}', 1, 1, 1);`;

/** Statements for a new database; each is to be sent by itself. */
export const GROW: readonly string[] = [
  'SET session_replication_role = replica',
  // Heads that wait: for all, of two kinds; and for one other agent.
  sessions(`'waits' || i`, 'i', 'idle', [
    NEXT,
    `'head' || i, i % 9, i, CASE WHEN i = ${MANY} THEN 'rare' ELSE 'common' END,
      CASE WHEN i % 2 = 0 THEN '' ELSE 'agent:other' END`,
  ]),
  // Leases of another agent, of which none is stale; at last some of the agent that asks.
  sessions(`'held' || i`, `${MANY} + i`, 'running', [
    LEASE,
    `CASE WHEN i > ${MANY - 3} THEN 'mine' ELSE 'other' END, ${4 * MANY} + i, '${HASH}', 1000, 2000, ${FAR}, 1,
      ${FAR}, 'runs' || i`,
  ]),
  sessions(`'over' || i`, `${2 * MANY} + i`, 'closed', ['context', 'NULL']),
  // Two sessions: one with a long queue, one with a long log.
  one('queue', 3 * MANY + 1),
  one('log', 3 * MANY + 2),
  one('later', 3 * MANY + 3),
  tasks(`'head' || i`, `${4 * MANY} + i`, `'waits' || i`, ['queued', 'NULL']),
  tasks(`'runs' || i`, `${5 * MANY} + i`, `'held' || i`, ['running', 'NULL']),
  tasks(`'done' || i`, `${6 * MANY} + i`, `'over' || i`, ['succeeded', 'NULL']),
  tasks(`'long' || i`, `${7 * MANY} + i`, `'queue'`, ['queued', 'NULL']),
  tasks(`'due' || i`, `${8 * MANY} + i`, `'later'`, [
    'scheduled',
    `${FAR} + 1000 * i`,
    `CASE WHEN i > ${MANY - 3} THEN ${FAR} ELSE i END`,
  ]),
  tasks(`'asks' || i`, `${9 * MANY} + i`, `'over' || i`, ['queued', 'NULL']),
  `UPDATE orchestrator.tasks SET status = 'waiting', question = 'Which?', asked_at = queued_at WHERE id LIKE 'asks%'`,
  `INSERT INTO orchestrator.dependencies (namespace, task_id, dependency_id, on_dependency_failure)
   SELECT 'default', 'asks' || i, 'runs' || i, 'block' FROM generate_series(1, ${MANY}) i`,
  // A long stream, with two leases in it: one at its beginning, one at its end.
  `INSERT INTO orchestrator.event_log (${EVENT})
   SELECT 'session', 'default', 'log', 'log', i, 'task.claimed', 'head' || i / 3,
     CASE WHEN i IN (1, 2) THEN 1 WHEN i = ${MANY} THEN 2 END,
     CASE WHEN i IN (1, ${MANY}) THEN 'granted' WHEN i = 2 THEN 'ended' END, 'other', '{}', 1, '${HASH}', '${HASH}'
   FROM generate_series(1, ${MANY}) i`,
  `INSERT INTO orchestrator.event_log (${EVENT})
   SELECT 'session', 'default', 'held' || i, 'held' || i, 1, 'task.claimed', 'runs' || i, ${4 * MANY} + i, 'granted',
     'other', '{}', 1, '${HASH}', '${HASH}'
   FROM generate_series(1, ${MANY}) i`,
  `INSERT INTO orchestrator.receipts (namespace, command_id, request_hash, reply, at)
   SELECT 'default', 'c' || i, '${HASH}', '{"sessions":[],"tasks":[]}', ${FAR} - i FROM generate_series(1, ${MANY}) i`,
  `SELECT setval('orchestrator.numbers', ${10 * MANY})`,
  'RESET session_replication_role',
  `VACUUM ANALYZE orchestrator.sessions, orchestrator.tasks, orchestrator.event_log, orchestrator.receipts,
     orchestrator.dependencies`,
];

const NAMESPACE = 'default';
const ANY: ReadyFilter = { addressees: ['', 'agent:mine'], limit: 2 };
const RARE: ReadyFilter = { ...ANY, kinds: ['rare'] };

/** Loads what a scope names, and changes nothing. */
const loading =
  (scope: Unnamed<Scope>) =>
  (storage: Storage): Promise<unknown> =>
    storage.transact({ ...scope, namespace: NAMESPACE }, () => NOTHING);
type Unnamed<Of> = Of extends Scope ? Omit<Of, 'namespace'> : never;
const NOTHING: WriteSet<null> = {
  reply: null,
  sessions: [],
  tasks: [],
  agents: [],
  events: [],
  receipt: null,
  clock: null,
  forgetReceiptsAt: 0,
};

/** What the storage is asked, by name. None needs more than some hundred rows. */
const CALLS: Readonly<Record<string, (storage: Storage) => Promise<unknown>>> = {
  'a claim': loading({ by: 'ready', ...ANY, staleLimit: 8, heldBy: 'mine' }),
  'a claim of a kind': loading({ by: 'ready', ...RARE, staleLimit: 8 }),
  'a claim of a session': loading({ by: 'sessions', sessions: [{ sessionId: 'queue' }] }),
  'a claim of what comes later': loading({ by: 'sessions', sessions: [{ sessionId: 'later' }] }),
  'a heartbeat': loading({ by: 'sessions', sessions: [{ fence: 4 * MANY + 7 }] }),
  'a release': loading({ by: 'sessions', sessions: [{ fence: 4 * MANY + 7 }], nextReady: ANY }),
  'a release after the lease was lost': loading({ by: 'sessions', sessions: [{ fence: 1 }] }),
  'a session that closes': loading({ by: 'sessions', sessions: [{ sessionId: 'queue' }], openTasksLimit: 100 }),
  'a recovery': loading({ by: 'stale', limit: 100 }),
  'a clock jump': loading({ by: 'delayed', limit: 100 }),
  'what is due': loading({ by: 'due', limit: 100 }),
  'a cancellation': loading({ by: 'task', taskId: 'long7' }),
  'an enqueue': loading({ by: 'new', sessionIds: ['queue'], taskIds: ['new'], dedupeKeys: ['key of done7'] }),
  'a command that is repeated': loading({ by: 'task', taskId: 'long7', commandId: 'c8' }),
  'a session': ({ read }) => read.session(NAMESPACE, 'queue'),
  'a task': ({ read }) => read.task(NAMESPACE, 'long7'),
  'what was handed off': ({ read }) => read.tasks({ namespace: NAMESPACE, handedOff: true, limit: 100 }),
  'a task by its number': ({ read }) => read.idOfNumber(NAMESPACE, 'task', 7 * MANY + 7),
  'a session by its number': ({ read }) => read.idOfNumber(NAMESPACE, 'session', 7),
  sessions: ({ read }) => read.sessions({ namespace: NAMESPACE, limit: 50 }),
  'sessions, newest first': ({ read }) => read.sessions({ namespace: NAMESPACE, limit: 50, before: null }),
  tasks: ({ read }) => read.tasks({ namespace: NAMESPACE, limit: 50 }),
  'tasks of a session': ({ read }) => read.tasks({ namespace: NAMESPACE, sessionId: 'over7', limit: 50 }),
  'tasks of a long queue': ({ read }) => read.tasks({ namespace: NAMESPACE, sessionId: 'queue', limit: 50 }),
  questions: ({ read }) => read.questions({ namespace: NAMESPACE, limit: 50 }),
  'what depends on a task': ({ read }) => read.dependencies({ namespace: NAMESPACE, dependencyId: 'runs7', limit: 50 }),
  events: ({ read }) => read.events({ namespace: NAMESPACE, limit: 50, upTo: MANY }),
  'events of a session': ({ read }) => read.events({ namespace: NAMESPACE, sessionId: 'log', limit: 50 }),
  'events of a session, newest first': ({ read }) =>
    read.events({ namespace: NAMESPACE, sessionId: 'log', limit: 50, before: null }),
  'events of a task': ({ read }) => read.events({ namespace: NAMESPACE, taskId: 'head1000', limit: 50 }),
  'histories of sessions': ({ read }) => read.histories(NAMESPACE, ['log', 'queue', 'over7'], 50),
  counts: ({ read }) => read.counts(NAMESPACE, 50),
  namespaces: ({ read }) => read.namespaces(),
  // Half of them are due before.
  'what is due next': ({ read }) => read.nextScheduled(NAMESPACE, Date.now() + 864_000_000 + 500 * MANY),
  'the preview of a claim': ({ read }) =>
    read.claimPreview({ namespace: NAMESPACE, by: 'ready', ...ANY, heldLimit: 10, scheduledLimit: 10 }),
  'the preview of a claim of a kind': ({ read }) =>
    read.claimPreview({ namespace: NAMESPACE, by: 'ready', ...RARE, heldLimit: 10, scheduledLimit: 10 }),
  'the preview of a claim of a session': ({ read }) =>
    read.claimPreview({ namespace: NAMESPACE, by: 'session', sessionId: 'later', scheduledLimit: 10 }),
};

/** More rows and entries of indexes than any of these calls needs: a page has 50 rows, a claim looks at some dozens. */
export const FEW = 600;

const READ = `SELECT (SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables)
  + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes) AS read`;

/**
 * How many rows and entries of indexes the server looks at for each call.
 *
 * @param change a statement that runs when all storages are open: each compares the catalogue when it opens
 */
export async function readsOf(sql: postgres.Sql, url: string, change = 'SELECT 1'): Promise<Map<string, number>> {
  const opened: [name: string, call: () => Promise<void>][] = [];
  for (const [name, call] of Object.entries(CALLS)) {
    const storage = await openPostgresStorage({ url });
    // At the latest when it ends, a connection tells the server what it has read.
    opened.push([
      name,
      async () => {
        await call(storage);
        await storage.close();
      },
    ]);
  }
  await sql.unsafe(change);
  const reads = new Map<string, number>();
  let before = await readSoFar(sql);
  for (const [name, call] of opened) {
    await call();
    const after = await readSoFar(sql);
    reads.set(name, after - before);
    before = after;
  }
  return reads;
}

async function readSoFar(sql: postgres.Sql): Promise<number> {
  const [row] = await sql.unsafe(READ);
  return Number(row?.['read']);
}
