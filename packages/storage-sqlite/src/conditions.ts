import {
  COLUMNS,
  isEnded,
  TASK_STATUS_NAMES,
  TASK_STATUSES,
  type LeaseEffect,
  type StreamKind,
} from '@agent-orchestrator/core';

/** The columns of a session that hold the head of its queue. */
export const NEXT = Object.values(COLUMNS.nextHead);

/*
 * Conditions that the schema and the statements have in common, word for word: SQLite takes a partial index for a
 * statement only if the statement says what the index says.
 */

/** The condition that a column has one of some values; the values are constants, so none contains a quote. */
export function isOneOf(column: string, words: readonly string[]): string {
  const [only] = words;
  return words.length === 1 ? `${column} = '${only}'` : `${column} IN (${words.map((word) => `'${word}'`).join(', ')})`;
}

/** A task under a lease. */
export const RUNNING = isOneOf(
  'status',
  TASK_STATUS_NAMES.filter((status) => TASK_STATUSES[status].phase === 'running'),
);

/** A task that has ended. */
export const ENDED = isOneOf(
  'status',
  TASK_STATUS_NAMES.filter((status) => isEnded(status)),
);

/** What can own a stream of events. */
export const STREAM_KINDS = words<StreamKind>({ session: true, agent: true });

/** What an event can do to a lease. */
export const LEASE_EFFECTS = words<LeaseEffect>({ granted: true, ended: true, refused: true });

/** All words of a type: the compiler insists on each. */
function words<Word extends string>(all: Readonly<Record<Word, true>>): readonly Word[] {
  return Object.keys(all) as Word[];
}
