import {
  ENDED_STATUS_NAMES,
  TASK_STATUS_NAMES,
  TASK_STATUSES,
  PENDING_STATUSES,
  type LeaseEffect,
  type StreamKind,
} from '@agent-orchestrator/core';

/*
 * Conditions that indexes and statements have in common, word for word: a database takes a partial index for a
 * statement only if the statement says what the index says.
 */

/**
 * The condition that a column has one of some values; the values are constants, so none contains a quote. For a list of
 * more than two, SQLite fills a table anew in each statement that looks at the condition, which takes longer than to
 * change a row (measured: 8 µs against 4).
 */
export function isOneOf(column: string, words: readonly string[]): string {
  if (words.length <= 2) return isInList(column, words);
  return `(${words.map((word) => `${column} = '${word}'`).join(' OR ')})`;
}

/** The same as a list. */
export function isInList(column: string, words: readonly string[]): string {
  const [only] = words;
  return words.length === 1 ? `${column} = '${only}'` : `${column} IN (${words.map((word) => `'${word}'`).join(', ')})`;
}

/** A task that is open and not held. */
export const PENDING = isOneOf('status', PENDING_STATUSES);

/** A task that is open, neither held nor in its session's queue: it waits for something else than an agent. */
export const ASIDE = isOneOf(
  'status',
  PENDING_STATUSES.filter((status) => status !== 'scheduled' && status !== 'queued'),
);

/** A task under a lease. */
export const RUNNING = isOneOf(
  'status',
  TASK_STATUS_NAMES.filter((status) => TASK_STATUSES[status].phase === 'running'),
);

/** A task that has ended. */
export const ENDED = isOneOf('status', ENDED_STATUS_NAMES);

/**
 * A task that was handed off and not claimed since; and one of them that returns to its sender at a time. Not null
 * would say the same, but a server without statistics takes nearly all rows for such.
 */
export const HANDED_OFF = 'handed_off_at >= 0';
export const RETURNING = 'return_at >= 0';

/**
 * A task that holds its dedupe key (`holdsDedupeKey` in core). Most have none, so that is asked first. It names the
 * ended statuses, because they are the fewest.
 */
export const HOLDS_KEY =
  'dedupe_key IS NOT NULL AND (dedupe_while IS NULL OR ' +
  `(${ENDED_STATUS_NAMES.map((status) => `status <> '${status}'`).join(' AND ')}))`;

/** The addressee that two columns name, as `addresseeOf` in core writes it. */
export function addresseeIn(agent: string, role: string): string {
  return (
    `CASE WHEN ${agent} IS NOT NULL THEN 'agent:' || ${agent} ` +
    `WHEN ${role} IS NOT NULL THEN 'role:' || ${role} ELSE '' END`
  );
}

/** A session whose head can be claimed. */
export const READY = `status = 'idle' AND next_task_id IS NOT NULL`;

/** A session that waits for its first task, or for one whose time has not come. */
export const EMPTY = `status = 'idle' AND next_task_id IS NULL`;

/** What can own a stream of events. */
export const STREAM_KINDS = words<StreamKind>({ session: true, agent: true });

/** What an event can do to a lease. */
export const LEASE_EFFECTS = words<LeaseEffect>({ granted: true, ended: true, refused: true });

/** All words of a type: the compiler insists on each. */
function words<Word extends string>(all: Readonly<Record<Word, true>>): readonly Word[] {
  return Object.keys(all) as Word[];
}
