import { COLUMNS, LIMITS, REVIEW_KIND, type Clock } from '@agent-orchestrator/core';
import { addresseeIn, HOLDS_KEY, NEXT_COLUMNS, PENDING, RETURNING } from '@agent-orchestrator/storage-sql';
import { selected } from './rows.ts';
import { arrayOf, arrayOfSetting, keepArray } from './server/values.ts';

/*
 * Every statement of the hot path as text, with numbered parameters (those that write rows are in `writes.ts`); each
 * connection prepares it once. Each runs in a transaction that `transactions.ts` begins. How lists of ids travel is in
 * `server/values.ts`.
 *
 * `orchestrator.found` is a setting of the transaction: the sessions that its look-ups have locked, so that a later
 * statement of the same flush can read just these, or leave them out (a transaction does not skip its own locks).
 *
 * One table is joined to another by LATERAL with a LIMIT or a lock. So each row is looked up by its key: a plain join
 * may be planned as a walk over the whole namespace for each row.
 */

const SESSION = selected(COLUMNS.session, 's');
const TASK = selected(COLUMNS.task, 't');
const AGENT = selected(COLUMNS.agent, 'a');
const EVENT = selected(COLUMNS.event, 'e');
const RECEIPT = selected(COLUMNS.receipt, 'r');

const FOUND = arrayOfSetting('orchestrator.found');
/** Not one of those that an earlier look-up has found. */
const NOT_FOUND = `s.id <> ALL ((SELECT ${FOUND})::text[])`;
/** Adds arrays of ids to the setting. */
const remember = (...ids: readonly string[]): string => keepArray('orchestrator.found', [FOUND, ...ids].join(' || '));
/** The authority's time in milliseconds; the parameter is null unless a test owns time. */
export const now = (parameter: string): string =>
  `coalesce(${parameter}::bigint, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)`;

/** The parameter of `now`. */
export function timeOf(clock: Clock | null): number | null {
  return clock === null ? null : Math.floor(clock.read().wall);
}

/** The head of the queue of a session `s`. */
const headOf = (columns: string): string =>
  `SELECT ${columns} FROM orchestrator.tasks q
   WHERE q.namespace = s.namespace AND q.session_id = s.id AND q.status = 'queued' AND q.priority >= 0
   ORDER BY q.priority, q.queued_at, q.id LIMIT 1`;
/** Sets the head of a session `s` by looking it up. */
export const NEXT_LOOKED_UP = `(${NEXT_COLUMNS.join(', ')}) =
  (${headOf(`q.id, q.priority, q.queued_at, q.kind, ${addresseeIn('q.assignee', 'q.role')}`)})`;

/**
 * Whether a session that another transaction has locked is skipped (`skip`: a command that finds nothing else runs
 * again, and waits), waited for, or left to others for good.
 */
export type WhenLocked = 'skip' | 'wait' | 'leave';

/** The grants of some fences. */
const grantsOf = (columns: string, fences: string): string =>
  `SELECT ${columns} FROM orchestrator.event_log e
   WHERE e.namespace = $1 AND e.fence = ANY ${arrayOf(fences, 'bigint')} AND e.fence >= 0
     AND e.lease_effect = 'granted'`;
const SESSIONS_OF_FENCES = grantsOf('e.session_id', '$3');
const sessionsOfTasks = (tasks: string): string => `SELECT t.session_id FROM orchestrator.tasks t
   WHERE t.namespace = $1 AND t.id = ANY ${arrayOf(tasks)}`;
const SESSIONS_OF_TASKS = sessionsOfTasks('$4');
/** The sessions that ids ($2) and fences ($3) name, each once. */
const NAMED = `SELECT i.id COLLATE "C" AS id FROM unnest(${arrayOf('$2')}) i (id) UNION ${SESSIONS_OF_FENCES}`;

const READY_ORDER = ['next_priority', 'next_queued_at', 'next_task_id'];
const readyOrder = (table: string): string => READY_ORDER.map((column) => `${table}.${column}`).join(', ');

/** Which heads are looked up: at most how many, and whether of some kinds. */
export interface Heads {
  readonly limit: number;
  readonly ofKinds: boolean;
}

/**
 * Whether the head of a session `s` is no review of work that the agent held. A scalar query, because an EXISTS may be
 * planned as a walk over all tasks.
 */
export const notOwnWork = (agent: string): string =>
  `(s.next_kind <> '${REVIEW_KIND}' OR NOT coalesce((
      SELECT w.review_of::text::jsonb -> 'not_for' ? ${agent}::text FROM orchestrator.tasks w
      WHERE w.namespace = s.namespace AND w.id = s.next_task_id), false))`;

/**
 * Idle sessions with a fitting head: one range of the index for each addressee, or each addressee and kind.
 *
 * @param first the number of the parameter with the addressees; those with the kinds, if any, and the agent follow
 */
const readyRanges = ({ limit, ofKinds }: Heads, first: number, lock = ''): string => {
  const kinds = ofKinds ? ` CROSS JOIN unnest(${arrayOf(`$${first + 1}`)}) k (kind)` : '';
  const agent = `$${first + (ofKinds ? 2 : 1)}`;
  const isKind = ofKinds ? ` AND s.next_kind = k.kind AND s.next_kind > ''` : ' AND s.next_priority >= 0';
  return `unnest(${arrayOf(`$${first}`)}) a (addressee)${kinds} CROSS JOIN LATERAL (
    SELECT s.id, ${readyOrder('s')} FROM orchestrator.sessions s
    WHERE s.namespace = $1 AND s.next_for = a.addressee${isKind}
      AND s.status = 'idle' AND s.next_task_id IS NOT NULL AND ${NOT_FOUND} AND ${notOwnWork(agent)}
    ORDER BY ${readyOrder('s')} LIMIT ${limit}${lock}) f`;
};

/** The best of what was found in all ranges. */
const bestOf = ({ limit }: Heads, ranges: string): string =>
  `SELECT f.* FROM ${ranges} ORDER BY ${readyOrder('f')} LIMIT ${limit}`;

/**
 * What a command that may wait would like to have, besides what it names: a claim wants heads, or also what its agent
 * holds; a recovery wants what is stale.
 */
export type Wanted = { readonly heads: Heads; readonly heldBy: boolean } | { readonly staleLimit: number };
const wanted = (wants: Wanted): string => {
  if ('staleLimit' in wants) return `SELECT b.id FROM (${staleRows(wants.staleLimit, '$5')}) b`;
  const { heads, heldBy } = wants;
  const agent = `$${heads.ofKinds ? 8 : 7}`;
  const ready = `SELECT b.id FROM (${bestOf(heads, readyRanges(heads, 5))}) b`;
  return heldBy ? `${ready} UNION SELECT b.id FROM (${heldByAgent(agent)}) b` : ready;
};
const heldByAgent = (agent: string): string =>
  `SELECT s.id, s.fence FROM orchestrator.sessions s
       WHERE s.namespace = $1 AND s.status = 'running' AND s.agent = ${agent} AND s.agent > '' AND ${NOT_FOUND}
       ORDER BY s.fence LIMIT ${LIMITS.sweep_page_max}`;

/** What is held past its time, the longest first. */
const staleRows = (limit: number, time: string, lock = ''): string =>
  `SELECT s.id, s.stale_at FROM orchestrator.sessions s
     WHERE s.namespace = $1 AND s.status = 'running' AND s.stale_at >= 0
       AND s.stale_at <= (SELECT ${now(time)}) AND ${NOT_FOUND}
     ORDER BY s.stale_at, s.id LIMIT ${limit}${lock}`;
const staleOnes = (limit: number, time: string): string =>
  `(SELECT array_agg(b.id ORDER BY b.stale_at, b.id) AS ids, count(*) AS found
     FROM (${staleRows(limit, time, ' FOR NO KEY UPDATE SKIP LOCKED')}) b)`;

/** Of what was locked, what is named. */
const NAMED_AND_LOCKED = `array_agg(l.id) FILTER (WHERE l.is_named)`;

/** How sessions are locked. */
interface LockSessions {
  readonly whenLocked: WhenLocked;
  /** Of a claim or a recovery that is alone. */
  readonly wants: Wanted | null;
  /**
   * Whether later look-ups leave out what is named. In a group, what one command names may be what another is to find.
   */
  readonly leavesOutNamed: boolean;
  /** Whether the sessions of further tasks are locked, which later look-ups may find. */
  readonly withRelated: boolean;
}

/** How heads are looked up. */
interface LockReady extends Heads {
  /** How many stale sessions are wanted besides; 0: none. */
  readonly staleLimit: number;
}

/** Whether other tasks depend on a task. */
const isDependedOn = (task: string): string =>
  `EXISTS (SELECT 1 FROM orchestrator.dependencies o
     WHERE o.namespace = ${task}.namespace AND o.dependency_id = ${task}.id AND o.dependency_id > '')`;
const HAS_SUBTASKS = `EXISTS (SELECT 1 FROM orchestrator.tasks p
     WHERE p.namespace = t.namespace AND p.parent_id = t.id AND p.parent_id > '' AND p.parent_id IS NOT NULL)`;

/**
 * Sessions, each with a task of its own, when its next task is due, and whether others depend on the task or are parts
 * of it; a row for the running task, and one for the head.
 */
const WITH_TASK = `${SESSION}, ${TASK},
   (SELECT d.run_at FROM orchestrator.tasks d
    WHERE d.namespace = s.namespace AND d.session_id = s.id AND d.session_id > '' AND d.status = 'scheduled'
    ORDER BY d.run_at LIMIT 1),
   CASE t.status WHEN 'running' THEN ${isDependedOn('t')} WHEN 'queued' THEN ${HAS_SUBTASKS} END`;
const THEIR_TASKS = `LEFT JOIN LATERAL (
     (SELECT r.* FROM orchestrator.tasks r WHERE r.namespace = s.namespace AND r.id = s.task_id LIMIT 1)
     UNION ALL (${headOf('q.*')})) t ON true`;

/** Makes due tasks claimable, and keeps the sessions in a setting of the transaction. */
const queueing = (due: string): string =>
  `queued AS (UPDATE orchestrator.tasks t SET status = 'queued', version = t.version + 1
     WHERE t.namespace = $1 AND t.id = ANY (ARRAY(${due})) AND t.status = 'scheduled' RETURNING t.session_id)
   SELECT ${keepArray('orchestrator.queued', '(SELECT array_agg(DISTINCT queued.session_id) FROM queued)')}`;
const FIRST_DUE = `ORDER BY d.run_at LIMIT ${LIMITS.flipped_tasks_max}`;

/** What stands for an entry of the registry among the server's locks, whether there is such a row or not. */
const AGENT_KEY = `hashtextextended($1 || E'\\n' || n.name, 0)`;

/** The text of every statement but those that write rows; exported for the test that looks at their query plans. */
export const SQL = {
  commit: 'COMMIT',
  rollback: 'ROLLBACK',

  /**
   * Namespace, names. Until the transaction ends, no other changes these entries of the registry, nor adds one of them.
   * Not a lock on rows: most names have none, and to share one would write to it.
   */
  keepAgents: `SELECT pg_advisory_xact_lock_shared(${AGENT_KEY}) FROM unnest(${arrayOf('$2')}) n (name)`,
  /** Namespace, names: to change them, or to add one. */
  lockAgents: `SELECT pg_advisory_xact_lock(${AGENT_KEY}) FROM unnest(${arrayOf('$2')}) n (name)`,

  /**
   * Namespace, ids, fences, tasks; then addressees, kinds if any, the agent that asks and the agent that holds, where a
   * claim may wait for what it wants, or the time, where a recovery may, or related tasks. Locks the sessions in the
   * order of their ids, one after the other, and no later statement of the transaction waits for a session: so no two
   * transactions wait for each other. A grant and a task never change their session, so that much may be read before
   * the lock. Answers the ids of those that were locked.
   */
  lockSessions: ({ whenLocked, wants, leavesOutNamed, withRelated }: LockSessions): string =>
    `WITH named AS MATERIALIZED (${NAMED} UNION ${SESSIONS_OF_TASKS}),
     all_of_them AS MATERIALIZED (SELECT n.id, true AS is_named FROM named n
       ${withRelated ? `UNION ALL SELECT r.session_id, false FROM (${sessionsOfTasks('$5')}) r` : ''}
       ${wants === null ? '' : `UNION ALL SELECT w.id, false FROM (${wanted(wants)}) w`})
     SELECT json_agg(l.id), ${keepArray('orchestrator.found', leavesOutNamed ? NAMED_AND_LOCKED : 'NULL')}
     FROM (SELECT s.id, o.is_named
       FROM (SELECT u.id, bool_or(u.is_named) AS is_named FROM all_of_them u GROUP BY u.id ORDER BY u.id) o
       CROSS JOIN LATERAL (SELECT s.id FROM orchestrator.sessions s WHERE s.namespace = $1 AND s.id = o.id
         FOR NO KEY UPDATE${whenLocked === 'wait' ? '' : ' SKIP LOCKED'}) s) l`,
  /**
   * Namespace, addressees, kinds if any, agent, time if stale ones are wanted. Answers the ids of heads in order,
   * whether more can be seen than could be locked, and the ids of stale ones. No session is both: a head waits in an
   * idle one, a stale one runs.
   */
  lockReady: ({ staleLimit, ...heads }: LockReady): string => {
    const visible = `SELECT count(*) FROM (SELECT 1 FROM ${readyRanges(heads, 2)} LIMIT ${heads.limit}) v`;
    const stale = staleLimit === 0 ? '' : `, ${staleOnes(staleLimit, heads.ofKinds ? '$5' : '$4')} o`;
    const locked = bestOf(heads, readyRanges(heads, 2, ' FOR NO KEY UPDATE SKIP LOCKED'));
    return `SELECT to_json(p.ids), p.found < ${heads.limit} AND p.found < (${visible}),
       ${staleLimit === 0 ? `NULL, ${remember('p.ids')}` : `to_json(o.ids), ${remember('p.ids', 'o.ids')}`}
     FROM (SELECT array_agg(b.id ORDER BY ${readyOrder('b')}) AS ids, count(*) AS found
       FROM (${locked}) b) p${stale}`;
  },
  /** Namespace, time. Answers the ids, and whether more can be seen than could be locked. */
  lockStale: (limit: number): string => {
    const visible = `SELECT count(*) FROM (${staleRows(limit, '$2')}) v`;
    return `SELECT to_json(o.ids), o.found < ${limit} AND o.found < (${visible}), ${remember('o.ids')}
     FROM ${staleOnes(limit, '$2')} o`;
  },
  /** Namespace, agent. */
  lockHeldBy: `SELECT to_json(p.ids), ${remember('p.ids')} FROM (SELECT array_agg(b.id ORDER BY b.fence) AS ids FROM (
       ${heldByAgent('$2')} FOR NO KEY UPDATE SKIP LOCKED) b) p`,
  /**
   * Namespace and id after which to begin. Answers both of each. Only after a clock jump: it sorts all that is held.
   */
  lockHeldAfter: (limit: number): string =>
    `SELECT s.namespace, s.id FROM orchestrator.sessions s
     WHERE s.status = 'running' AND s.agent > '' AND (s.namespace, s.id) > ($1, $2)
     ORDER BY s.namespace, s.id LIMIT ${limit} FOR NO KEY UPDATE`,
  /**
   * Time. Locks the sessions of tasks whose delay, or hand-off for a time, began later, in the order of namespaces and
   * ids, and answers both of each. Only after a clock jump.
   */
  lockDelayed: (limit: number): string =>
    `SELECT s.namespace, s.id
     FROM (SELECT DISTINCT l.namespace, l.session_id
       FROM ((SELECT d.namespace, d.session_id FROM orchestrator.tasks d
           WHERE d.status = 'scheduled' AND d.delayed_at >= 0 AND d.delayed_at > (SELECT ${now('$1')})
           ORDER BY d.delayed_at DESC LIMIT ${limit})
         UNION ALL (SELECT d.namespace, d.session_id FROM orchestrator.tasks d
           WHERE d.${RETURNING} AND d.handed_off_at > (SELECT ${now('$1')})
           ORDER BY d.handed_off_at DESC LIMIT ${limit})) l
       ORDER BY l.namespace, l.session_id) o
     CROSS JOIN LATERAL (SELECT s.namespace, s.id FROM orchestrator.sessions s
       WHERE s.namespace = o.namespace AND s.id = o.session_id FOR NO KEY UPDATE) s`,
  /** Namespace, sessions, time: the tasks in them whose delay began later. */
  delayed: (limit: number): string =>
    `SELECT ${TASK} FROM orchestrator.tasks t
     WHERE t.namespace = $1 AND t.session_id = ANY ${arrayOf('$2')} AND t.status = 'scheduled' AND t.delayed_at >= 0
       AND t.delayed_at > (SELECT ${now('$3')})
     ORDER BY t.delayed_at DESC LIMIT ${limit}`,
  /** Namespace, sessions, time: the tasks in them that return at a time and were handed off later. */
  delayedReturns: (limit: number): string =>
    `SELECT ${TASK} FROM orchestrator.tasks t
     WHERE t.namespace = $1 AND t.session_id = ANY ${arrayOf('$2')} AND t.${RETURNING}
       AND t.handed_off_at > (SELECT ${now('$3')})
     ORDER BY t.handed_off_at DESC LIMIT ${limit}`,
  /**
   * Namespace, time. Locks the sessions of the tasks that are due to go back to their senders, and answers the ids of
   * tasks and sessions in order. Those of a session that another transaction has locked are left to it.
   */
  lockDue: (limit: number): string =>
    `SELECT t.id, t.session_id FROM orchestrator.tasks t
     CROSS JOIN LATERAL (SELECT s.id FROM orchestrator.sessions s WHERE s.namespace = $1 AND s.id = t.session_id
       FOR NO KEY UPDATE SKIP LOCKED) s
     WHERE t.namespace = $1 AND t.${RETURNING} AND t.return_at <= (SELECT ${now('$2')})
     ORDER BY t.return_at, t.id LIMIT ${limit}`,

  /**
   * Namespace. The same for tasks that have an end of a dependency. The limit is outside: it counts those that are
   * locked here, or else tasks whose sessions another transaction has locked would keep all after them waiting.
   */
  lockToTell: (limit: number): string =>
    `SELECT t.id, t.session_id
     FROM (SELECT DISTINCT e.task_id FROM orchestrator.dependency_ends e WHERE e.namespace = $1
       ORDER BY e.task_id) e
     CROSS JOIN LATERAL (SELECT t.id, t.session_id FROM orchestrator.tasks t
       WHERE t.namespace = $1 AND t.id = e.task_id LIMIT 1) t
     CROSS JOIN LATERAL (SELECT s.id FROM orchestrator.sessions s WHERE s.namespace = $1 AND s.id = t.session_id
       FOR NO KEY UPDATE SKIP LOCKED) s LIMIT ${limit}`,
  /** Namespace, tasks: the ends of their dependencies; whether the task waits for it still, and that is so still. */
  dependencyEnds: `SELECT ${selected(COLUMNS.dependencyEnd, 'e')},
       d.ended IS NULL AND t.status = e.status
     FROM orchestrator.dependency_ends e CROSS JOIN LATERAL (SELECT d.ended FROM orchestrator.dependencies d
        WHERE d.namespace = $1 AND d.task_id = e.task_id AND d.dependency_id = e.dependency_id LIMIT 1) d
     CROSS JOIN LATERAL (SELECT t.status FROM orchestrator.tasks t
        WHERE t.namespace = $1 AND t.id = e.dependency_id LIMIT 1) t
     WHERE e.namespace = $1 AND e.task_id = ANY ${arrayOf('$2')}
     ORDER BY e.task_id, e.dependency_id, e.seq LIMIT ${LIMITS.settled_ends_max}`,

  /** Namespace, ids. */
  sessions: `SELECT ${WITH_TASK} FROM orchestrator.sessions s ${THEIR_TASKS}
     WHERE s.namespace = $1 AND s.id = ANY ${arrayOf('$2')}`,
  /**
   * Namespace, ids, fences, tasks, commands, time, agents. Sent after every lock. Answers in each row, and in one
   * without a session if there is none: the time in milliseconds and microseconds, what belongs to the whole database,
   * the receipts of these commands, and the entries of these agents; then a session and one of its tasks, for the
   * sessions that were named and all that was found.
   */
  read: `WITH d AS MATERIALIZED (SELECT ${now('$6')} AS now,
       floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS micros,
       (SELECT m.value FROM orchestrator.meta m WHERE m.key = 'clock') AS clock,
       (SELECT m.value FROM orchestrator.meta m WHERE m.key = 'schema') AS schema,
       (SELECT m.value FROM orchestrator.meta m WHERE m.key = 'state') AS state,
       (SELECT max(e.fence) FROM orchestrator.event_log e WHERE e.lease_effect = 'granted' AND e.fence >= 0) AS fence,
       (SELECT d.run_at FROM orchestrator.tasks d WHERE d.namespace = $1 AND d.status = 'scheduled' AND d.run_at >= 0
        ORDER BY d.run_at LIMIT 1) AS due_at,
       (SELECT d.return_at FROM orchestrator.tasks d WHERE d.namespace = $1 AND d.${RETURNING}
        ORDER BY d.return_at LIMIT 1) AS return_at,
       EXISTS (SELECT 1 FROM orchestrator.dependency_ends e WHERE e.namespace = $1) AS is_any_to_tell,
       (SELECT r.at FROM orchestrator.receipts r ORDER BY r.at LIMIT 1) AS oldest_receipt_at,
       (SELECT json_agg(json_build_array(${RECEIPT})) FROM orchestrator.receipts r
        WHERE r.namespace = $1 AND r.command_id = ANY ${arrayOf('$5')}) AS receipts,
       (SELECT json_agg(json_build_array(${AGENT})) FROM orchestrator.agents a
        WHERE a.namespace = $1 AND a.name = ANY ${arrayOf('$7')}) AS agents)
     SELECT d.*, ${WITH_TASK} FROM d
     LEFT JOIN orchestrator.sessions s ON s.namespace = $1 AND s.id = ANY (
       ${FOUND} || ${arrayOf('$2')} || ARRAY(${SESSIONS_OF_FENCES}) || ARRAY(${SESSIONS_OF_TASKS}))
     ${THEIR_TASKS}`,
  /** Namespace, ids. Answers with each task whether others depend on it. */
  tasks: `SELECT ${TASK}, ${isDependedOn('t')} FROM orchestrator.tasks t
     WHERE t.namespace = $1 AND t.id = ANY ${arrayOf('$2')}`,
  /** Namespace, ids. Their sessions are locked. */
  relatedTasks: `SELECT t.id, t.number, t.session_id, t.status, t.review FROM orchestrator.tasks t
     WHERE t.namespace = $1 AND t.id = ANY ${arrayOf('$2')}`,
  /** Namespace, ids of one scope: for what these tasks wait, directly or through others. */
  awaited: `WITH RECURSIVE waits (task_id, dependency_id) AS (
       SELECT d.task_id, d.dependency_id FROM orchestrator.dependencies d
       WHERE d.namespace = $1 AND d.task_id = ANY ${arrayOf('$2')} AND d.ended IS NULL
       UNION
       SELECT d.task_id, d.dependency_id FROM waits w CROSS JOIN LATERAL (
         SELECT o.task_id, o.dependency_id FROM orchestrator.dependencies o
         WHERE o.namespace = $1 AND o.task_id = w.dependency_id AND o.ended IS NULL
         LIMIT ${LIMITS.awaited_dependencies_max}) d)
     SELECT w.task_id, w.dependency_id FROM waits w LIMIT ${LIMITS.awaited_dependencies_max}`,
  /** Namespace, keys. */
  tasksOfDedupeKeys: `SELECT ${TASK} FROM orchestrator.tasks t
     WHERE t.namespace = $1 AND t.dedupe_key = ANY ${arrayOf('$2')} AND ${HOLDS_KEY}`,
  /** Namespace, ids: the tasks that hold the dedupe keys of these. */
  keyHolders: `SELECT ${TASK} FROM orchestrator.tasks t
     WHERE t.namespace = $1 AND t.dedupe_key = ANY (ARRAY(SELECT o.dedupe_key FROM orchestrator.tasks o
       WHERE o.namespace = $1 AND o.id = ANY ${arrayOf('$2')} AND o.dedupe_key IS NOT NULL)) AND ${HOLDS_KEY}`,
  /** Namespace, ids, fences: the waiting tasks of the sessions that they name, as in `tasks`. */
  waiting: (limit: number): string =>
    `SELECT ${TASK}, ${isDependedOn('t')} FROM (SELECT n.id FROM (${NAMED}) n ORDER BY n.id) n CROSS JOIN LATERAL (
       SELECT w.* FROM orchestrator.tasks w
       WHERE w.namespace = $1 AND w.session_id = n.id AND ${PENDING} AND w.id > '' ORDER BY w.id LIMIT ${limit}) t
     LIMIT ${limit}`,
  /** Draws so many numbers for people. Those that no row gets are left out for good. */
  drawNumbers: `SELECT json_agg(nextval('orchestrator.numbers')::text) FROM generate_series(1, $1::int)`,
  /** Namespace, fences: the events that granted them. */
  grants: grantsOf(EVENT, '$2'),
  /** Namespace, session, fence: the events that ended and refused this lease, and the next grant in the session. */
  leaseEvents: `(SELECT ${EVENT} FROM orchestrator.event_log e
      WHERE e.fence = $3 AND e.fence >= 0 AND e.lease_effect IN ('ended', 'refused') LIMIT 2)
     UNION ALL (SELECT ${EVENT} FROM orchestrator.event_log e
      WHERE e.namespace = $1 AND e.session_id = $2 AND e.session_id > '' AND e.fence > $3 AND e.lease_effect = 'granted'
      ORDER BY e.fence LIMIT 1)`,

  /** Namespace, time: makes tasks claimable whose time has come, in sessions that no other transaction has locked. */
  queueDue: `WITH due AS MATERIALIZED (SELECT d.id, d.session_id FROM orchestrator.tasks d
      WHERE d.namespace = $1 AND d.status = 'scheduled' AND d.run_at >= 0
        AND d.run_at <= (SELECT ${now('$2')}) ${FIRST_DUE}),
     locked AS MATERIALIZED (SELECT s.id FROM orchestrator.sessions s
      WHERE s.namespace = $1 AND s.id = ANY (ARRAY(SELECT due.session_id FROM due)) FOR NO KEY UPDATE SKIP LOCKED),
     ${queueing('SELECT due.id FROM due WHERE due.session_id = ANY (ARRAY(SELECT locked.id FROM locked))')}`,
  /** Namespace, time, sessions: the same for some that this transaction has locked. */
  queueDueInSessions: `WITH due AS MATERIALIZED (SELECT d.id FROM unnest(${arrayOf('$3')}) n (id) CROSS JOIN LATERAL (
       SELECT d.id, d.run_at FROM orchestrator.tasks d
       WHERE d.namespace = $1 AND d.session_id = n.id AND d.session_id > '' AND d.status = 'scheduled'
         AND d.run_at <= (SELECT ${now('$2')}) ${FIRST_DUE}) d ${FIRST_DUE}),
     ${queueing('SELECT due.id FROM due')}`,
  /** Namespace: the heads of the sessions in which something was just queued. */
  setNextOfQueued: `UPDATE orchestrator.sessions s SET ${NEXT_LOOKED_UP}
     WHERE s.namespace = $1 AND s.id = ANY ${arrayOfSetting('orchestrator.queued')}`,
  /** Namespace, session. */
  setNext: `UPDATE orchestrator.sessions s SET ${NEXT_LOOKED_UP} WHERE s.namespace = $1 AND s.id = $2`,

  /** Time. Receipts that another transaction deletes are left to it. */
  forgetReceipts: `DELETE FROM orchestrator.receipts r WHERE r.ctid = ANY (ARRAY(
     SELECT o.ctid FROM orchestrator.receipts o WHERE o.at <= $1
     ORDER BY o.at LIMIT ${LIMITS.receipts_forgotten_max} FOR UPDATE SKIP LOCKED))`,
  /**
   * New and old state. What is known of a jump must not get lost: a command that read an older state is decided again.
   */
  saveClock: `UPDATE orchestrator.meta SET value = CASE WHEN value = $2 THEN $1 END WHERE key = 'clock'`,
} as const;
