import {
  assertOpenForWork,
  authorityTime,
  decodeClockState,
  NO_CLOCK,
  type Clock,
  type ClockState,
  type Loaded,
  type Scope,
  type WriteSet,
} from '@agent-orchestrator/core';
import { hasEffect, loadScope, newNumbersOf } from '@agent-orchestrator/storage-sql';
import type { Database } from './database.ts';
import { lookupsOn } from './lookups.ts';
import { save } from './save.ts';
import { readStoreState } from './store-file.ts';

const GREATEST_FENCE = `SELECT max(fence) AS greatest FROM event_log WHERE lease_effect = 'granted'`;
const GREATEST_NUMBER = `SELECT max(coalesce((SELECT max(number) FROM tasks), 0),
  coalesce((SELECT max(number) FROM sessions), 0)) AS greatest`;

/** Runs `use` under the write lock, all or nothing. */
export function writing<R>(db: Database, use: () => R): R {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = use();
    db.exec('COMMIT');
    return result;
  } finally {
    // Some errors, such as a full disk, end the transaction by themselves.
    if (db.isInTransaction) db.exec('ROLLBACK');
  }
}

/**
 * Loads, lets the command decide, and saves: within a transaction that has the write lock.
 *
 * @returns what to do after the commit: answer, or throw what the decision threw. It has no effect, but what became
 * queued before it stays queued.
 */
export function work<R>(
  db: Database,
  { clock, filling }: { readonly clock: Clock; readonly filling: string | undefined },
  scope: Scope,
  decide: (loaded: Loaded) => WriteSet<R>,
): () => R {
  assertOpenForWork(readStoreState(db), filling);
  // After the lock: a process that waited for it would decide by a time that is over.
  const reading = clock.read();
  const stored = storedClock(db);
  const now = Math.floor(authorityTime(stored, reading));
  const found = loadScope(lookupsOn(db), scope, now);
  const loaded = {
    ...found,
    now,
    clock: { ...stored, reading },
    greatestFence: greatest(db, GREATEST_FENCE),
    numbers: found.receipt === null ? freeNumbers(db, newNumbersOf(scope)) : [],
  };
  let writeSet: WriteSet<R>;
  try {
    writeSet = decide(loaded);
  } catch (error) {
    return () => {
      throw error;
    };
  }
  if (hasEffect(writeSet)) save(db, writeSet);
  return () => writeSet.reply;
}

export function storedClock(db: Database): ClockState {
  const stored = db.get<{ value: string }>(`SELECT value FROM meta WHERE key = 'clock'`);
  return stored === undefined ? NO_CLOCK : decodeClockState(stored.value);
}

/** After the numbers of all rows: the lock keeps others from taking them. */
function freeNumbers(db: Database, count: number): number[] {
  if (count === 0) return [];
  const after = greatest(db, GREATEST_NUMBER);
  return Array.from({ length: count }, (_, at) => after + 1 + at);
}

function greatest(db: Database, sql: string): number {
  return db.get<{ greatest: number | null }>(sql)?.greatest ?? 0;
}
