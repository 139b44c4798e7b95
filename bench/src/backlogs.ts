import { HASH } from './identifiers.ts';
import { openProduct } from './product.ts';
import type { Store, Subject } from './subject.ts';

/** Sessions that are all alike, with tasks that are all alike. */
interface Crowd {
  readonly sessions: number;
  readonly tasksEach: number;
  /**
   * - `ready`: the first task is the head
   * - `locked`: the first task runs, with a lease for one more day
   * - `later`: all tasks are due in a year
   */
  readonly state: 'ready' | 'locked' | 'later';
  readonly kind: string;
  readonly assignee: string | null;
  /** Sets the ids of this crowd apart, and in front: smaller is older. */
  readonly place: number;
}

/** How work is claimed. */
export interface Call {
  readonly agent: string;
  readonly sessionId?: string;
  readonly kinds?: string[];
}

/** What waits in a store, and how work is claimed there. */
export interface Backlog {
  readonly name: string;
  readonly crowds: (tasks: number) => readonly Crowd[];
  readonly calls: Readonly<Record<string, Call>>;
}

/** Heads that can be claimed, beside a backlog that cannot: enough for all rounds. */
const CLAIMABLE = {
  sessions: 1_000,
  tasksEach: 1,
  state: 'ready',
  kind: 'wanted',
  assignee: null,
  place: 1,
} as const satisfies Crowd;
const PLAIN = { tasksEach: 1, state: 'ready', kind: 'wanted', assignee: null, place: 0 } as const;
const TASKS_PER_LOCKED_SESSION = 100;
/** More than a crowd has tasks. */
const NUMBERS_PER_CROWD = 10_000_000;

const CLAIM: Call = { agent: 'bench' };

/** The six shapes in which a backlog could make a claim slow. */
export const BACKLOGS: readonly Backlog[] = [
  {
    name: 'tasks in one session',
    crowds: (tasks) => [{ ...PLAIN, sessions: 1, tasksEach: tasks }],
    calls: { 'claim any': CLAIM, 'claim in the session': { ...CLAIM, sessionId: idOf(0, 0, 0) } },
  },
  { name: 'sessions with one task', crowds: (tasks) => [{ ...PLAIN, sessions: tasks }], calls: { 'claim any': CLAIM } },
  {
    name: 'tasks not yet due',
    crowds: (tasks) => [{ ...PLAIN, sessions: tasks, state: 'later' }, CLAIMABLE],
    calls: { 'claim any': CLAIM },
  },
  {
    name: `tasks in locked sessions of ${TASKS_PER_LOCKED_SESSION}`,
    crowds: (tasks) => [
      { ...PLAIN, sessions: tasks / TASKS_PER_LOCKED_SESSION, tasksEach: TASKS_PER_LOCKED_SESSION, state: 'locked' },
      CLAIMABLE,
    ],
    calls: { 'claim any': CLAIM },
  },
  {
    name: 'heads of another kind',
    crowds: (tasks) => [{ ...PLAIN, sessions: tasks, kind: 'other' }, CLAIMABLE],
    calls: { 'claim of a kind': { ...CLAIM, kinds: ['wanted'] } },
  },
  {
    name: 'heads for another agent',
    crowds: (tasks) => [{ ...PLAIN, sessions: tasks, assignee: 'another-agent' }, CLAIMABLE],
    calls: { 'claim any': CLAIM },
  },
];

/**
 * Makes a store with so many tasks. A million enqueues would take minutes, so SQL writes the rows as the rules would.
 * Only hashes and event payloads differ: no claim reads them (`verify()` would).
 */
export async function buildBacklog(subject: Subject, name: string, { crowds }: Backlog, tasks: number): Promise<Store> {
  const store = await subject.create(name);
  // It makes the tables.
  await (await openProduct(store))[Symbol.asyncDispose]();
  await subject.fill(store, crowds(tasks).flatMap(insertsOf));
  return store;
}

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;

/** The id of a session's task; a session has the id of its first task. */
function idOf(place: number, session: number, task: number): string {
  return `01900000-0000-7000-8${digits(place, 3)}-${digits(session, 7)}${digits(task, 7)}`;
}

function digits(number: number, count: number): string {
  return String(number).padStart(count, '0');
}

/** The same, in SQL that every database understands. */
const sqlIdOf = (place: number, session: string, task: string): string =>
  `'01900000-0000-7000-8${String(place).padStart(3, '0')}-' || ${sevenDigits(session)} || ${sevenDigits(task)}`;
const sevenDigits = (number: string): string => `substr(CAST(10000000 + ${number} AS TEXT), 2)`;

/** A table `name(i)` that counts from 0, in SQL. */
const numbers = (name: string, count: number): string =>
  `${name}(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM ${name} WHERE i + 1 < ${count})`;

function insertsOf({ sessions, tasksEach, state, kind, assignee, place }: Crowd): string[] {
  const now = Date.now();
  const at = now - DAY_MS;
  const locked = state === 'locked';
  const session = sqlIdOf(place, 's.i', '0');
  const task = sqlIdOf(place, 's.i', 't.i');
  const number = `${place * NUMBERS_PER_CROWD + 1} + s.i * ${tasksEach} + t.i`;
  const head = locked ? 1 : 0;
  const hasHead = state !== 'later' && tasksEach > head;
  const addressee = assignee === null ? '' : `agent:${assignee}`;
  // A fence of its own for each lease that is held; far below those that claims of today are given.
  const fence = `1 + s.i`;
  const ofFirst = (value: string, ofOthers: string): string =>
    locked ? `CASE WHEN t.i = 0 THEN ${value} ELSE ${ofOthers} END` : ofOthers;
  const status = state === 'later' ? `'scheduled'` : ofFirst(`'running'`, `'queued'`);
  const dueAt = state === 'later' ? `${now + YEAR_MS}` : 'NULL';

  const event = (seq: string, type: string, more: string): string =>
    `'session', 'default', ${session}, ${session}, ${seq}, '${type}', ${more}, '{}', ${at}, '${HASH}', '${HASH}'`;
  const insertEvents = `INSERT INTO event_log (stream_kind, namespace, stream_id, session_id, seq, type, lease_effect,
      task_id, agent, fence, payload, at, prev_hash, hash)
    WITH RECURSIVE`;
  const lease = locked
    ? `'running', 'holder', ${fence}, '${HASH}', ${DAY_MS}, 60000, ${now + DAY_MS}, ${now}, ${now + DAY_MS}, ${session}`
    : `'idle', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL`;
  const next = hasHead
    ? `${sqlIdOf(place, 's.i', String(head))}, 5, ${at}, '${kind}', '${addressee}'`
    : 'NULL, NULL, NULL, NULL, NULL';

  return [
    `INSERT INTO sessions (namespace, id, number, status, agent, fence, token_hash, ttl_ms, stale_after_ms,
      lease_expires_at, heartbeat_at, stale_at, task_id, renewals, near_misses, tasks_open, seq, hash,
      next_task_id, next_priority, next_queued_at, next_kind, next_for, version, created_at, updated_at)
    WITH RECURSIVE ${numbers('s', sessions)}
    SELECT 'default', ${session}, ${place * NUMBERS_PER_CROWD + 1} + s.i, ${lease}, 0, 0, ${tasksEach},
      ${1 + tasksEach + (locked ? 1 : 0)}, '${HASH}',
      ${next}, 1, ${at}, ${at} FROM s`,
    `INSERT INTO tasks (namespace, id, number, session_id, kind, title, payload, priority, status, run_at, queued_at,
      attempt, attempts_max, interruptions, interruptions_max, backoff_ms, assignee, created_at, started_at, version)
    WITH RECURSIVE ${numbers('s', sessions)}, ${numbers('t', tasksEach)}
    SELECT 'default', ${task}, ${number}, ${session}, '${kind}', 'Count the lines of a file',
      '{"path":"packages/core/src/file.ts"}', 5, ${status}, ${dueAt}, ${state === 'later' ? dueAt : at},
      ${ofFirst('1', '0')}, 4, 0, 16, 5000, ${assignee === null ? 'NULL' : `'${assignee}'`}, ${at},
      ${ofFirst(`${at}`, 'NULL')}, 1
    FROM s CROSS JOIN t`,
    `${insertEvents} ${numbers('s', sessions)} SELECT ${event('1', 'session.opened', 'NULL, NULL, NULL, NULL')} FROM s`,
    `${insertEvents} ${numbers('s', sessions)}, ${numbers('t', tasksEach)}
    SELECT ${event('2 + t.i', 'task.queued', `NULL, ${task}, NULL, NULL`)} FROM s CROSS JOIN t`,
    ...(locked
      ? [
          `${insertEvents} ${numbers('s', sessions)}
          SELECT ${event(String(2 + tasksEach), 'task.claimed', `'granted', ${session}, 'holder', ${fence}`)} FROM s`,
        ]
      : []),
  ];
}
