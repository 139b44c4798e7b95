import {
  OrchestratorError,
  fencesTakenAt,
  isPending,
  type ClockState,
  type WriteSet,
  type Loaded,
  type Scope,
} from '@agent-orchestrator/core';
import { assertCurrent, hasEffect, planScope } from '@agent-orchestrator/storage-sql';
import { isConnectionLost } from '../errors.ts';
import type { Connection, Query } from '../connection.ts';
import { load, type Found, type LoadedGroup, type WorkOptions } from './load.ts';
import type { Database } from './loaded-rows.ts';
import { DATABASE, SCHEMA_VERSION } from '../migrations.ts';
import { saving } from './save.ts';
import { query } from '../server/statement-batch.ts';
import { SQL, type WhenLocked } from '../statements.ts';
import { BEGIN_LIMITED_WORK, BEGIN_WORK, TIMEOUTS } from '../server/transactions.ts';

/** The call to decide. */
export interface Unit {
  readonly scope: Scope;
  readonly decide: (loaded: Loaded) => WriteSet<unknown>;
}

/**
 * The result of a unit. `held`: another transaction has locked its rows, so it must be decided again, alone and waiting
 * for them. `alone`: it cannot share a transaction, so it is decided by itself, before the units after it. `later`:
 * an earlier unit changed the rows that this one sees, so it and all units after it must be decided again after the
 * commit.
 */
export type Outcome =
  | { readonly reply: unknown }
  | { readonly error: unknown }
  | { readonly held: true }
  | { readonly alone: true }
  | { readonly later: true };

export interface Committed {
  readonly outcomes: readonly Outcome[];
  readonly changed: Change;
}

/** What there is new to see. Of mere grants no other process has to be told at once: they leave it nothing to do. */
export type Change = 'nothing' | 'grants' | 'more';

/** The version from which a server can limit how long a transaction takes. */
const LIMITS_TRANSACTIONS = 170_000;

/** The connection was lost after COMMIT was sent: the transaction may have had its effect, or not. */
export class CommitLost extends Error {
  override readonly name = 'CommitLost';
}

/** Values that one process keeps from group to group. */
export interface Carried {
  /** The greatest fence that this process has granted, committed or not. */
  greatestFence: number;
}

/**
 * One transaction for units of one namespace that have nothing in common: locks and loads, lets each decide, saves and
 * commits. Two round trips, however many there are.
 *
 * @throws the server's error, with everything rolled back; `CommitLost`
 */
export async function transact(
  connection: Connection,
  units: readonly Unit[],
  whenLocked: WhenLocked,
  options: WorkOptions,
  carried: Carried,
): Promise<Committed> {
  const flush = (queries: readonly Query[]) => connection.flush(queries, TIMEOUTS.answer_ms);
  try {
    const scopes = units.map(({ scope }) => scope);
    const begin = connection.serverVersion < LIMITS_TRANSACTIONS ? BEGIN_WORK : BEGIN_LIMITED_WORK;
    const loaded = await load(flush, begin, scopes, whenLocked, options);
    assertCurrent(DATABASE, loaded.database.schemaVersion, SCHEMA_VERSION);
    const { outcomes, decisions } = judge(units, loaded, carried);
    if (decisions.length === 0 && !loaded.queuedDue) {
      // A transaction that only locked rows would wait for the disk all the same if it committed.
      await flush([query(SQL.rollback)]);
      return { outcomes, changed: 'nothing' };
    }
    await commit(flush, saving(decisions, loaded.database));
    return { outcomes, changed: changeOf(decisions) };
  } catch (error) {
    await rollBack(connection);
    throw error;
  }
}

function changeOf(decisions: readonly WriteSet<unknown>[]): Change {
  const some = decisions.filter(({ sessions, tasks, events }) => sessions.length + tasks.length + events.length > 0);
  if (some.length === 0) return 'nothing';
  return some.every(isOnlyGrants) ? 'grants' : 'more';
}

function isOnlyGrants({ events }: WriteSet<unknown>): boolean {
  return events.length > 0 && events.every(({ leaseEffect }) => leaseEffect === 'granted');
}

async function commit(
  flush: (queries: readonly Query[]) => Promise<readonly { readonly command: string }[]>,
  queries: readonly Query[],
): Promise<void> {
  try {
    const answers = await flush([...queries, query(SQL.commit)]);
    // A transaction that has failed answers COMMIT with ROLLBACK, and with no error.
    if (answers.at(-1)?.command !== 'COMMIT') throw new OrchestratorError('INTERNAL', 'The server did not commit.');
  } catch (error) {
    throw isConnectionLost(error) ? new CommitLost('The connection was lost on COMMIT.', { cause: error }) : error;
  }
}

async function rollBack(connection: Connection): Promise<void> {
  if (!connection.usable) return;
  try {
    await connection.flush([query(SQL.rollback)], TIMEOUTS.answer_ms);
  } catch {
    // Without a connection the server rolls back by itself.
    connection.destroy();
  }
}

/**
 * Lets the units decide in their order, as if one came after the other. They share what was loaded, so the first one
 * that an earlier one concerns ends the group: it names a session of the earlier one, or claims where that one left
 * something to claim.
 */
function judge(
  units: readonly Unit[],
  { database, found }: LoadedGroup,
  carried: Carried,
): { readonly outcomes: readonly Outcome[]; readonly decisions: readonly WriteSet<unknown>[] } {
  const decisions: WriteSet<unknown>[] = [];
  const outcomes: Outcome[] = [];
  const touched = new Set<string>();
  /** The sessions of tasks on which new ones depend: no task of these may end in the same group. */
  const related = new Set<string>();
  let clock: ClockState = database.clock;
  let heads: 'as_loaded' | 'changed' = 'as_loaded';

  for (const [index, { scope, decide }] of units.entries()) {
    const rows = found[index] ?? 'later';
    if (rows === 'later' || (rows === 'alone' && index > 0)) break;
    if (rows === 'alone') {
      outcomes.push({ alone: true });
      break;
    }
    if (rows === 'held') {
      outcomes.push({ held: true });
      continue;
    }
    const claims = planScope(scope).ready !== null;
    if ((claims && heads === 'changed') || names(rows, touched, related)) break;
    for (const { session } of rows.sessions) touched.add(session.id);
    for (const { sessionId } of rows.related ?? []) related.add(sessionId);
    try {
      const writeSet = decide({
        now: database.now,
        clock: { ...clock, reading: database.reading },
        greatestFence: greatestFence(database, carried),
        ...rows,
      });
      outcomes.push({ reply: writeSet.reply });
      if (hasEffect(writeSet)) decisions.push(writeSet);
      clock = writeSet.clock ?? clock;
      for (const { leaseEffect, fence } of writeSet.events)
        if (leaseEffect === 'granted' && fence !== null) carried.greatestFence = Math.max(carried.greatestFence, fence);
      if (changesHeads(writeSet) || (claims && leavesHeads(rows, writeSet))) heads = 'changed';
    } catch (error) {
      outcomes.push({ error });
      // What was found for a claim that is refused so is there for the next one.
      if (claims && rows.sessions.length > 0) heads = 'changed';
    }
  }
  const left = units.length - outcomes.length;
  return { outcomes: [...outcomes, ...Array.from({ length: left }, () => ({ later: true }) as const)], decisions };
}

/** Whether any of it belongs to sessions that earlier units touched, or that they only looked at. */
function names(
  { sessions, tasks, related = [] }: Found,
  touched: ReadonlySet<string>,
  lookedAt: ReadonlySet<string>,
): boolean {
  const isTaken = (id: string): boolean => touched.has(id) || lookedAt.has(id);
  return (
    sessions.some(({ session }) => isTaken(session.id)) ||
    tasks.some(({ sessionId }) => isTaken(sessionId)) ||
    related.some(({ sessionId }) => touched.has(sessionId))
  );
}

/** Whether a later claim may find what was not there before, or learn of another due time. */
function changesHeads({ sessions, tasks }: WriteSet<unknown>): boolean {
  return (
    tasks.some(({ before, after }) => before?.status === 'scheduled' || isPending(after.status)) ||
    sessions.some(({ after }) => after.status === 'idle' && after.tasksOpen > 0)
  );
}

/** Whether a claim did not take all that was found for it: then it is there for the next one. */
function leavesHeads({ sessions }: Found, writeSet: WriteSet<unknown>): boolean {
  return sessions.some(({ session }) => !writeSet.sessions.some(({ after }) => after.id === session.id));
}

/**
 * Differs: what other processes grant at the same time cannot be seen yet. Fences that continue from the server's
 * microseconds keep apart from theirs, or nearly so: the log's index on fences refuses what is left. After a fail-over
 * that lost grants, the time alone keeps new fences above them: the new server's clock has to be past the old one's
 * last grant (docs/fail-over.md).
 */
function greatestFence(database: Database, carried: Carried): number {
  return Math.max(database.greatestFence, carried.greatestFence, fencesTakenAt(database.micros, database.clock));
}
