import { decodeStoreState, encodeStoreState, isShut, type StoreState } from '@agent-orchestrator/core';
import type { Connection } from '../connection.ts';
import { SQL } from '../statements.ts';

const WRITE = `INSERT INTO meta (key, value) VALUES ('state', ?)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value`;
const DELETE = `DELETE FROM meta WHERE key = 'state'`;

/** The writes to each table. */
const WRITES = [
  ['namespaces', 'INSERT'],
  ['sessions', 'INSERT'],
  ['sessions', 'UPDATE'],
  ['tasks', 'INSERT'],
  ['tasks', 'UPDATE'],
  ['agents', 'INSERT'],
  ['agents', 'UPDATE'],
  ['dependencies', 'INSERT'],
  ['dependencies', 'UPDATE'],
  ['dependency_ends', 'INSERT'],
  ['dependency_ends', 'DELETE'],
  ['event_log', 'INSERT'],
  ['receipts', 'INSERT'],
  ['receipts', 'DELETE'],
] as const;

/** null: the store is open. The tables must be there. */
export function readStoreState(db: Connection): StoreState | null {
  return decodeStoreState(db.prepare<[], string>(SQL.storeState).pluck().get() ?? null);
}

/**
 * Changes the store state; the write lock is held. While the store is shut, triggers refuse writes: each connection of
 * ours looks at the state itself, but another program does not know of it.
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

/** The message of the triggers, for other programs. */
function why({ status, address }: StoreState): string {
  return status === 'backup' ? `a backup of ${address}` : `the store was moved to ${address}`;
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
