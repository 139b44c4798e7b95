import { decodeStoreState, encodeStoreState, isShut, type StoreState } from '@agent-orchestrator/core';
import type { Connection } from './connection.ts';
import { SQL } from './statements.ts';

const WRITE = `INSERT INTO meta (key, value) VALUES ('state', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`;
const DELETE = `DELETE FROM meta WHERE key = 'state'`;

/** What writers of any version do to each table. */
const WRITES = [
  ['sessions', 'INSERT'],
  ['sessions', 'UPDATE'],
  ['tasks', 'INSERT'],
  ['tasks', 'UPDATE'],
  ['event_log', 'INSERT'],
  ['receipts', 'INSERT'],
  ['receipts', 'DELETE'],
] as const;

/** What stands on the store's door. The tables must be there. */
export function readStoreState(db: Connection): StoreState | null {
  return decodeStoreState(db.prepare<[], string>(SQL.state).pluck().get() ?? null);
}

/**
 * Replaces the mark; the write lock is held. Behind one that shuts the store, triggers refuse writes: each connection looks
 * for the mark itself, but one that a program of an older version keeps open does not know of it.
 */
export function writeStoreState(db: Connection, next: StoreState | null): void {
  if (next === null) db.prepare(DELETE).run();
  else db.prepare(WRITE).run(encodeStoreState(next));
  for (const [table, operation] of WRITES) {
    const name = `shut_${table}_${operation.toLowerCase()}`;
    db.exec(`DROP TRIGGER IF EXISTS ${name}`);
    if (next !== null && isShut(next))
      db.exec(
        `CREATE TRIGGER ${name} BEFORE ${operation} ON ${table} BEGIN SELECT RAISE(ABORT, ${text(why(next))}); END`,
      );
  }
}

/** For programs that only show what the database says. */
function why({ status, address }: StoreState): string {
  return state === 'backup' ? `a backup of ${address}` : `the store was moved to ${address}`;
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
