/*
 * Query plans: each statement of the hot path runs on the index it is meant for, in a database without statistics
 * (where a connection makes the plans that it keeps) and in one that has grown. None joins by comparing each row with
 * each other one. A test of the text alone could not tell.
 */
import type postgres from 'postgres';
import { expect, test } from 'vitest';
import {
  dependenciesQuery,
  eventsQuery,
  listSessionsQuery,
  listTasksQuery,
  leasesQuery,
  questionsQuery,
} from '../src/read/lists.ts';
import { COUNTS } from '../src/read/counts.ts';
import { CLAIM_PREVIEW, HISTORIES, READS } from '../src/read/reader.ts';
import { knownMigrations } from '../src/migrations.ts';
import { SQL } from '../src/statements.ts';
import { BEGIN_WORK } from '../src/server/transactions.ts';
import { writing, type WriteName } from '../src/work/writes.ts';
import { withAdmin } from './harness/databases.ts';
import { newDatabase } from './open-database.ts';

const OF_A_CLAIM = ['updateTasks', 'leaseWithoutHead', 'insertEvents', 'insertReceipts'] as const;
const many = (...names: readonly WriteName[]): string => writing(names.map((name) => ({ name, rows: 'many' })));
const HEADS = { limit: 10, ofKinds: false } as const;
const READY = { ...HEADS, staleLimit: 8 } as const;
const NAMED = { whenLocked: 'skip', wants: null, leavesOutNamed: true, withRelated: false } as const;
/** What finds the sessions that ids, fences and tasks name. */
const NAMED_INDEXES = ['event_log_lease', 'sessions_pk', 'tasks_pk'] as const;

const DEPENDENCIES_PK = 'dependencies_namespace_task_id_dependency_id_pk';
const DEPENDENCY_ENDS_PK = 'dependency_ends_namespace_task_id_dependency_id_seq_pk';

/** The indexes (and, where there is nothing else to look at, tables) that each statement may touch. */
const PLANS: Readonly<Record<string, readonly [text: string, indexes: readonly string[]]>> = {
  'lock sessions': [SQL.lockSessions(NAMED), NAMED_INDEXES],
  'lock sessions, and those of related tasks': [SQL.lockSessions({ ...NAMED, withRelated: true }), NAMED_INDEXES],
  'lock sessions, waiting': [SQL.lockSessions({ ...NAMED, whenLocked: 'wait' }), NAMED_INDEXES],
  'lock heads, waiting': [
    SQL.lockSessions({ ...NAMED, whenLocked: 'wait', wants: { heads: HEADS, heldBy: false } }),
    [...NAMED_INDEXES, 'sessions_ready'].toSorted(),
  ],
  'lock heads of kinds and what an agent holds, waiting': [
    SQL.lockSessions({ ...NAMED, whenLocked: 'wait', wants: { heads: { ...HEADS, ofKinds: true }, heldBy: true } }),
    [...NAMED_INDEXES, 'sessions_held', 'sessions_ready_of_kind'].toSorted(),
  ],
  'lock what is stale, waiting': [
    SQL.lockSessions({ ...NAMED, whenLocked: 'wait', wants: { staleLimit: 8 } }),
    [...NAMED_INDEXES, 'sessions_stale'].toSorted(),
  ],
  'lock ready': [SQL.lockReady({ ...READY, staleLimit: 0 }), ['sessions_ready', 'tasks_pk']],
  'lock ready, and stale': [SQL.lockReady(READY), ['sessions_ready', 'sessions_stale', 'tasks_pk']],
  'lock ready of kinds, and stale': [
    SQL.lockReady({ ...READY, ofKinds: true }),
    ['sessions_ready_of_kind', 'sessions_stale', 'tasks_pk'],
  ],
  'lock stale': [SQL.lockStale(8), ['sessions_stale']],
  'lock what an agent holds': [SQL.lockHeldBy, ['sessions_held']],
  'lock what is held': [SQL.lockHeldAfter(200), ['sessions_held']],
  'lock what is delayed': [SQL.lockDelayed(200), ['sessions_pk', 'tasks_delayed', 'tasks_returning']],
  'delayed tasks': [SQL.delayed(200), ['tasks_delayed']],
  'delayed returns': [SQL.delayedReturns(200), ['tasks_returning']],
  'lock what is due to go back': [SQL.lockDue(200), ['sessions_pk', 'tasks_returning']],
  'lock what is to be told': [SQL.lockToTell(200), [DEPENDENCY_ENDS_PK, 'sessions_pk', 'tasks_pk']],
  'ends of dependencies': [SQL.dependencyEnds, [DEPENDENCIES_PK, DEPENDENCY_ENDS_PK, 'tasks_pk']],
  'related tasks': [SQL.relatedTasks, ['tasks_pk']],
  'what tasks wait for': [SQL.awaited, [DEPENDENCIES_PK]],
  'dependencies of a task': [dependenciesQuery({ namespace: 'n', taskId: 't', limit: 50 }).text, [DEPENDENCIES_PK]],
  'dependencies on a task': [
    dependenciesQuery({ namespace: 'n', dependencyId: 't', limit: 50 }).text,
    ['dependencies_of_dependents'],
  ],
  sessions: [
    SQL.sessions,
    [
      'dependencies_of_dependents',
      'sessions_pk',
      'tasks_due_in_session',
      'tasks_of_parent',
      'tasks_pk',
      'tasks_queued',
    ],
  ],
  read: [
    SQL.read,
    [
      'agents_pk',
      'dependencies_of_dependents',
      DEPENDENCY_ENDS_PK,
      'event_log_lease',
      'meta_pkey',
      'receipts_over',
      'receipts_pk',
      'sessions_pk',
      'tasks_due',
      'tasks_due_in_session',
      'tasks_of_parent',
      'tasks_pk',
      'tasks_queued',
      'tasks_returning',
    ],
  ],
  tasks: [SQL.tasks, ['dependencies_of_dependents', 'tasks_pk']],
  'tasks of dedupe keys': [SQL.tasksOfDedupeKeys, ['tasks_dedupe_key']],
  'tasks that hold the dedupe keys of others': [SQL.keyHolders, ['tasks_dedupe_key', 'tasks_pk']],
  'waiting tasks': [SQL.waiting(200), ['dependencies_of_dependents', 'event_log_lease', 'tasks_pending']],
  'grants of fences': [SQL.grants, ['event_log_lease']],
  'events of a lease': [SQL.leaseEvents, ['event_log_grant', 'event_log_lease']],
  'queue what is due': [SQL.queueDue, ['sessions_pk', 'tasks_due', 'tasks_pk']],
  'queue what is due in sessions': [SQL.queueDueInSessions, ['tasks_due_in_session', 'tasks_pk']],
  'set the heads': [SQL.setNextOfQueued, ['sessions_pk', 'tasks_queued']],
  'set a head': [SQL.setNext, ['sessions_pk', 'tasks_queued']],
  'set deadlines': [many('deadlines'), ['sessions_pk']],
  'set ends of chains': [many('chain'), ['sessions_pk']],
  'set ends of chains, and the heads': [many('chainWithHead'), ['sessions_pk', 'tasks_queued']],
  'set leases': [many('lease'), ['sessions_pk']],
  'set leases, and the heads': [many('leaseWithHead'), ['sessions_pk', 'tasks_queued']],
  'update tasks': [many('updateTasks'), ['tasks_pk']],
  'fulfil dependencies': [many('fulfilDependencies'), [DEPENDENCIES_PK]],
  'tell dependents': [many('insertDependencyEnds'), ['dependencies_of_dependents']],
  'delete what was told': [many('deleteDependencyEnds'), [DEPENDENCY_ENDS_PK]],
  'all that claims write': [many(...OF_A_CLAIM), ['sessions_pk', 'tasks_pk']],
  'all that one claim writes': [
    writing(OF_A_CLAIM.map((name) => ({ name, rows: 'one' }))),
    ['sessions_pk', 'tasks_pk'],
  ],
  'look whether a session and its task agree': [agreement(), ['sessions_pk', 'tasks_running']],
  'forget receipts': [SQL.forgetReceipts, ['receipts_over']],
  'note the clock': [writing([{ name: 'noteClock', rows: 'one' }]), ['meta_pkey']],
  'save the clock': [SQL.saveClock, ['meta_pkey']],
};

/** Reads run with the server's own settings: in a database that has grown. */
const READ_PLANS: Readonly<Record<string, readonly [text: string, indexes: readonly string[]]>> = {
  session: [READS.SESSION, ['sessions_pk', 'tasks_pk']],
  task: [READS.TASK, ['tasks_pk']],
  agent: [READS.AGENT, ['agents_pk']],
  'task of a number': [READS.TASK_OF_NUMBER, ['tasks_by_number']],
  'session of a number': [READS.SESSION_OF_NUMBER, ['sessions_by_number']],
  namespaces: [READS.NAMESPACES, ['event_log_seq', 'sessions_pk']],
  events: [eventsQuery({ namespace: 'n', upTo: 9, limit: 50 }).text, ['event_log_pkey']],
  'events of a session': [eventsQuery({ namespace: 'n', sessionId: 's', limit: 50 }).text, ['event_log_seq']],
  'events of an agent': [eventsQuery({ namespace: 'n', ofAgent: 'a', limit: 50 }).text, ['event_log_seq']],
  'events of a task': [eventsQuery({ namespace: 'n', taskId: 't', limit: 50 }).text, ['event_log_task']],
  'events, newest first': [eventsQuery({ namespace: 'n', upTo: 9, limit: 50, before: null }).text, ['event_log_pkey']],
  'tasks, newest first': [listTasksQuery({ namespace: 'n', limit: 50, before: 'x' }).text, ['tasks_pk']],
  sessions: [listSessionsQuery({ namespace: 'n', limit: 50 }).text, ['sessions_pk']],
  tasks: [listTasksQuery({ namespace: 'n', limit: 50 }).text, ['tasks_pk']],
  questions: [questionsQuery({ namespace: 'n', limit: 50 }).text, ['tasks_waiting']],
  'questions to some': [
    questionsQuery({ namespace: 'n', limit: 50, addressees: ['agent:a'], after: '7-x' }).text,
    ['tasks_waiting'],
  ],
  'tasks of a session': [listTasksQuery({ namespace: 'n', sessionId: 's', limit: 50 }).text, ['tasks_of_session']],
  'handed-off tasks': [listTasksQuery({ namespace: 'n', handedOff: true, limit: 50 }).text, ['tasks_handed_off']],
  'the task of a dedupe key': [
    listTasksQuery({ namespace: 'n', dedupeKey: 'k', limit: 50 }).text,
    ['tasks_dedupe_key'],
  ],
  'tasks of a parent': [listTasksQuery({ namespace: 'n', parentId: 't', limit: 50 }).text, ['tasks_of_parent']],
  'sessions of histories': [HISTORIES.SESSIONS, ['sessions_pk', 'tasks_pk']],
  'events of histories': [HISTORIES.eventsOfEach(100), ['event_log_seq']],
  'tasks of histories': [HISTORIES.tasksOfEach(100), ['tasks_of_session']],
  leases: [leasesQuery({ namespace: 'n', upTo: 9, limit: 50 }).text, ['event_log_lease']],
  'leases since a time, last first': [
    leasesQuery({ namespace: 'n', upTo: 9, limit: 50, from: 1, before: null }).text,
    ['event_log_lease'],
  ],
  'leases of a session': [
    leasesQuery({ namespace: 'n', sessionId: 's', upTo: 9, limit: 50 }).text,
    ['event_log_grant', 'event_log_lease'],
  ],
  'tasks of a session by status': [COUNTS.tasksOfSession(100), ['tasks_of_session']],
  'the oldest heads': [COUNTS.oldestHeads({ max: 10_000, limit: 33 }), ['sessions_ready']],
  'what is due next': [READS.NEXT_SCHEDULED, ['tasks_due']],
  'preview, ready': [CLAIM_PREVIEW.readyOfAny(10), ['sessions_ready', 'tasks_pk']],
  'preview, ready of a kind': [CLAIM_PREVIEW.readyOfKind(10), ['sessions_ready_of_kind', 'tasks_pk']],
  'preview, held': [CLAIM_PREVIEW.held(10), ['sessions_stale', 'tasks_pk']],
  'preview, scheduled': [CLAIM_PREVIEW.scheduled(32), ['tasks_due']],
  'preview, scheduled in a session': [CLAIM_PREVIEW.scheduledInSession(32), ['tasks_due_in_session']],
};

/** What the trigger on leases asks at the end of each transaction that begins or ends one, as a statement. */
function agreement(): string {
  const statements = knownMigrations().flatMap((migration) => migration.statements);
  const [asked = ''] = statements.flatMap(
    (text) => /(?<=is_granted AND )EXISTS \(.*?\)(?= THEN)/su.exec(text)?.slice(0, 1) ?? [],
  );
  return `SELECT ${asked.replace('= NEW.namespace', '= $1').replace('= session', '= $2')}`;
}

test('without statistics, each statement of the hot path runs on the index it is meant for', async () => {
  const { adminUrl } = await newDatabase();

  await withAdmin(adminUrl, async (sql) => {
    for (const { text } of BEGIN_WORK) await sql.unsafe(text);
    for (const [name, [text, indexes]] of Object.entries(PLANS))
      expect([name, await plan(sql, text)]).toEqual([name, indexes]);
  });
});

test('so it does in a database that has grown, and reads do', { timeout: 60_000 }, async () => {
  const { adminUrl } = await newDatabase();

  await withAdmin(adminUrl, async (sql) => {
    await sql.unsafe(GROW);
    // The values here are all NULL, for which a plan of its own would look at nothing.
    await sql.unsafe('SET plan_cache_mode = force_generic_plan');
    for (const [name, [text, indexes]] of Object.entries(READ_PLANS))
      expect([name, await plan(sql, text)]).toEqual([name, indexes]);
    for (const { text } of BEGIN_WORK) await sql.unsafe(text);
    for (const [name, [text, indexes]] of Object.entries(PLANS))
      expect([name, await plan(sql, text)]).toEqual([name, indexes]);
  });
});

/** What the plan touches: indexes by name, tables that it reads from end to end, and joins that compare all rows. */
async function plan(sql: postgres.Sql, text: string): Promise<string[]> {
  const parameters = Math.max(0, ...[...text.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)));
  await sql.unsafe(`PREPARE asked AS ${text}`);
  const rows = await sql.unsafe(
    `EXPLAIN EXECUTE asked${parameters === 0 ? '' : `(${Array(parameters).fill('NULL').join(', ')})`}`,
  );
  await sql.unsafe('DEALLOCATE asked');
  const lines = rows.map((row) => row['QUERY PLAN'] as string).join('\n');
  const touched = [
    ...lines.matchAll(/Scan (?:Backward )?using (\w+)|(Seq Scan on \w+|Join Filter: .*)|Bitmap Index Scan on (\w+)/g),
  ];
  return [
    ...new Set(
      touched.map(([, index, table, bitmap]) =>
        (index ?? table ?? bitmap ?? '').replace(/_namespace_(?:id|name|command_id)_pk$/u, '_pk'),
      ),
    ),
  ].toSorted();
}

const HASH = '0'.repeat(64);
const MANY = 20_000;
const GROW = `
  INSERT INTO orchestrator.sessions
    (namespace, id, number, status, renewals, near_misses, tasks_open, seq, hash,
     next_task_id, next_priority, next_queued_at, next_kind, next_for, version, created_at, updated_at)
    SELECT 'default', 's' || i, i, 'idle', 0, 0, 1, 1, '${HASH}',
      't' || i, i % 9, i, 'kind' || i % 3, CASE WHEN i % 2 = 0 THEN '' ELSE 'agent:a' END, 1, 1, 1
    FROM generate_series(1, ${MANY}) i;
  INSERT INTO orchestrator.tasks
    (namespace, id, number, session_id, kind, title, payload, priority, status, run_at, queued_at,
     attempt, attempts_max, interruptions, interruptions_max, backoff_ms, created_at, version)
    SELECT 'default', 't' || i, i, 's' || i, 'kind', 'title', '{}', i % 9,
      CASE WHEN i % 5 = 0 THEN 'scheduled' ELSE 'queued' END, i, i, 0, 4, 0, 16, 1, 1, 1
    FROM generate_series(1, ${MANY}) i;
  INSERT INTO orchestrator.dependencies (namespace, task_id, dependency_id, on_dependency_failure)
    SELECT 'default', 't' || i, 't' || i - 1, 'block' FROM generate_series(2, ${MANY}) i;
  INSERT INTO orchestrator.dependency_ends (namespace, task_id, dependency_id, seq, status)
    SELECT 'default', 't' || i, 't' || i - 1, 1, 'succeeded' FROM generate_series(2, 99) i;
  INSERT INTO orchestrator.event_log
    (stream_kind, namespace, stream_id, session_id, seq, type,
     task_id, fence, lease_effect, payload, at, prev_hash, hash)
    SELECT 'session', 'default', 's' || i, 's' || i, 1, 'task.claimed',
      't' || i, i, 'granted', '{}', 1, '${HASH}', '${HASH}'
    FROM generate_series(1, ${MANY}) i;
  INSERT INTO orchestrator.agents
    (namespace, name, status, human, seq, version, created_at, updated_at, hash, roles, signed_roles)
    SELECT 'default', 'a' || i, 'active', 0, 1, 1, 1, 1, '${HASH}', '[]', '[]' FROM generate_series(1, ${MANY}) i;
  INSERT INTO orchestrator.receipts (namespace, command_id, request_hash, reply, at)
    SELECT 'default', 'c' || i, '${HASH}', '{}', i FROM generate_series(1, ${MANY}) i;
  ANALYZE`;
