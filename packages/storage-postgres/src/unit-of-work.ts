import {
  OrchestratorError,
  type Clock,
  type ClockState,
  type Decision,
  type Loaded,
  type Scope,
} from '@agent-orchestrator/core';
import { isConnectionLost } from './errors.ts';
import type { Link, Query } from './link.ts';
import { load, type Database, type Found } from './load.ts';
import { newer, notFound, older, SCHEMA_VERSION } from './schema-version.ts';
import { hasEffect, saving } from './save.ts';
import { query } from './script.ts';
import { SQL, TIMEOUTS, type WhenLocked } from './statements.ts';

/** What is to be judged. */
export interface Unit {
  readonly scope: Scope;
  readonly decide: (loaded: Loaded) => Decision<unknown>;
}

/** What a unit came to. `held`: somebody else holds what it names, so it has to be judged again, alone and waiting. */
export type Outcome = { readonly reply: unknown } | { readonly error: unknown } | { readonly held: true };

export interface Committed {
  readonly outcomes: readonly Outcome[];
  /** Whether there is anything new to see. */
  readonly changed: boolean;
}

/** The connection was lost after COMMIT was sent: the transaction may have had its effect, or not. */
export class CommitLost extends Error {
  override readonly name = 'CommitLost';
}

/** What one process carries on from group to group. */
export interface Carried {
  /** The greatest token that this process has granted, committed or not. */
  greatestToken: number;
}

/**
 * One transaction for units of one namespace that have nothing in common: locks and loads, lets each decide, saves and
 * commits. Two round trips, however many there are.
 *
 * @throws the server's error, with everything rolled back; `CommitLost`
 */
export async function transact(
  link: Link,
  units: readonly Unit[],
  whenLocked: WhenLocked,
  clock: Clock | null,
  carried: Carried,
): Promise<Committed> {
  const flush = (queries: readonly Query[]) => link.flush(queries, TIMEOUTS.answer_ms);
  try {
    const scopes = units.map(({ scope }) => scope);
    const { database, found } = await load(flush, scopes, whenLocked, clock);
    assertSchema(database.schemaVersion);
    const { outcomes, decisions } = judge(units, database, found, carried);
    if (decisions.length === 0) {
      // A transaction that only locked rows would wait for the disk all the same if it committed.
      await flush([query(SQL.rollback)]);
      return { outcomes, changed: false };
    }
    await commit(flush, saving(decisions, database));
    return {
      outcomes,
      changed: decisions.some(
        (decision) => decision.sessions.length + decision.tasks.length + decision.events.length > 0,
      ),
    };
  } catch (error) {
    await rollBack(link);
    throw error;
  }
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

async function rollBack(link: Link): Promise<void> {
  if (!link.usable) return;
  try {
    await link.flush([query(SQL.rollback)], TIMEOUTS.answer_ms);
  } catch {
    // Without a connection the server rolls back by itself.
    link.destroy();
  }
}

/** Each unit sees what the earlier ones of its group left of the clock's state and the tokens; rows they do not share. */
function judge(
  units: readonly Unit[],
  database: Database,
  found: readonly (Found | null)[],
  carried: Carried,
): { readonly outcomes: readonly Outcome[]; readonly decisions: readonly Decision<unknown>[] } {
  const decisions: Decision<unknown>[] = [];
  let clock: ClockState = database.clock;
  const outcomes = units.map(({ decide }, index): Outcome => {
    const rows = found[index];
    if (rows === null || rows === undefined) return { held: true };
    try {
      const decision = decide({
        now: database.now,
        clock: { ...clock, reading: database.reading },
        greatestToken: greatestToken(database, carried),
        ...rows,
      });
      if (hasEffect(decision)) decisions.push(decision);
      clock = decision.clock ?? clock;
      for (const { leaseMark, token } of decision.events)
        if (leaseMark === 1 && token !== null) carried.greatestToken = Math.max(carried.greatestToken, token);
      return { reply: decision.reply };
    } catch (error) {
      return { error };
    }
  });
  return { outcomes, decisions };
}

/**
 * Differs: what others grant at the same time is not yet to be seen. Tokens that go on from the server's microseconds keep
 * apart from theirs, or nearly so: the log's index on tokens refuses what is left.
 */
function greatestToken(database: Database, carried: Carried): number {
  return Math.max(database.greatestToken, carried.greatestToken, database.micros - 1);
}

function assertSchema(version: number): void {
  if (version > SCHEMA_VERSION) throw newer(version);
  if (version === 0) throw notFound();
  if (version < SCHEMA_VERSION) throw older(version);
}
