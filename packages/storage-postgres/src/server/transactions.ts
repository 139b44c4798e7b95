import type { Answer, Connection, Query } from '../connection.ts';
import { query, repeated } from './statement-batch.ts';

/*
 * How transactions begin. No statement that calls anything runs outside of one, so each runs under these settings. They
 * end with the transaction, so a pooler may stand in between.
 */

/** No client keeps a lock for longer than this, whatever became of it; each limit is well within the next. */
export const TIMEOUTS = {
  /** Watchers look this often by themselves, so a later hint would tell them nothing. */
  hint_ms: 250,
  lock_ms: 5_000,
  statement_ms: 10_000,
  /** The server gives up on a transaction whose client sends nothing more. */
  idle_ms: 10_000,
  /** The client gives up on a server that does not answer. */
  answer_ms: 15_000,
  /** The server gives up on a transaction, whatever it waits for; from version 17 on. */
  transaction_ms: 20_000,
  /** A read may be of 500 large events. */
  read_ms: 60_000,
  /** Of a migration, a move or a restore, which take as long as they take, but wait for no lock without end. */
  long_lock_ms: 30_000,
} as const;

/**
 * With this search path, the names of functions, operators and types mean those of the server alone. In `public`, any
 * login may be allowed to create others, which would run with the rights of the login that meets them.
 */
export const SEARCH_PATH = 'pg_catalog, pg_temp';

/** All settings of a transaction, in one statement; `columns` are what else it is to answer, before them. */
function settings(others: Readonly<Record<string, string | number>>, columns: readonly string[] = []): string {
  const all = Object.entries({ search_path: SEARCH_PATH, ...others });
  const set = all.map(([name, value]) => `pg_catalog.set_config('${name}', '${value}', true)`).join(', ');
  return `SELECT ${[...columns, `pg_catalog.num_nonnulls(${set})`].join(', ')}`;
}

const WORK = {
  // Empty: a database or a login may have a value of its own for it, which no look-up of ours has found.
  'orchestrator.found': '',
  // Plans are made once, and without regard to how small a table is just now: it may be large by the time the plan is
  // used again.
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  enable_sort: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  plan_cache_mode: 'force_generic_plan',
  jit: 'off',
  statement_timeout: TIMEOUTS.statement_ms,
  lock_timeout: TIMEOUTS.lock_ms,
  idle_in_transaction_session_timeout: TIMEOUTS.idle_ms,
};
/**
 * A client that went away in the middle of a statement is not idle to the server, and what it has locked stays locked.
 * Only the limit on whole transactions ends that. It does not count while a commit waits for a standby.
 */
const LIMITED_WORK = { ...WORK, transaction_timeout: TIMEOUTS.transaction_ms };
const READS = { statement_timeout: TIMEOUTS.read_ms, lock_timeout: TIMEOUTS.lock_ms };
const WRITING = 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE';

const begin = query(WRITING);
/** What begins a unit of work. */
export const BEGIN_WORK = [begin, repeated(settings(WORK))] as const;
/** The same on a server that can limit transactions. */
export const BEGIN_LIMITED_WORK = [begin, repeated(settings(LIMITED_WORK))] as const;

/** What begins another transaction. */
export const BEGIN = {
  long: `${WRITING}; ${settings({ lock_timeout: TIMEOUTS.long_lock_ms })}`,
  /** Each statement sees what is committed when it begins. */
  reads: `BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; ${settings(READS)}`,
  /** The snapshot is taken by the settings, so it is of the moment when it was asked for. */
  snapshot: `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${settings(READS)}`,
} as const;

/** Statements of one message are one transaction by themselves. These are settings for the others in it. */
export const FIRST = {
  read: settings(READS),
  /** The same, with an answer. It is made before the settings hold, so each name says where it is to be found. */
  readAnd: (columns: readonly string[]): string => settings(READS, columns),
  /**
   * A hint to others need not survive a crash, so it does not wait for the disk. The next work on its connection may
   * already be under way behind it, so it waits for hardly anything else either. It needs both limits: a
   * statement may wait for something else than a lock, and NOTIFY takes its lock at the commit, where the limit on
   * statements no longer counts.
   */
  hint: settings({ statement_timeout: TIMEOUTS.hint_ms, lock_timeout: TIMEOUTS.hint_ms, synchronous_commit: 'off' }),
} as const;

/** There is nothing to commit. */
const END_READS = query('ROLLBACK');

/** Sends reads in a transaction of their own, in one flush; in one message, if they have no parameters. */
export async function reading(
  connection: Connection,
  queries: readonly Query[],
  timeoutMs: number,
): Promise<readonly Answer[]> {
  if (queries.every(({ values }) => values.length === 0))
    return (await together(connection, [query(FIRST.read), ...queries], timeoutMs)).slice(1);
  const answers = await connection.flush([query(BEGIN.reads), ...queries, END_READS], timeoutMs);
  return answers.slice(1, -1);
}

/** The one row of one read, in a transaction of its own. */
export async function readingRow(connection: Connection, one: Query): Promise<readonly unknown[]> {
  const [answer] = await reading(connection, [one], TIMEOUTS.answer_ms);
  return answer?.[0] ?? [];
}

/** Sends statements without parameters, which all answer with rows, in one message. None runs after one that fails. */
export async function together(
  connection: Connection,
  queries: readonly Query[],
  timeoutMs: number,
): Promise<readonly Answer[]> {
  const [answers] = await connection.flush([query(queries.map(({ text }) => text).join(';\n'))], timeoutMs);
  return answers as unknown as readonly Answer[];
}
