import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { Contender } from '../contender.ts';
import { SqliteFloor, type SqliteFloorOptions } from './floor.ts';

/** One caller on the floor, which waits inside SQLite for other processes, if there are any. */
export function openWaitingFloor(options: SqliteFloorOptions): Contender {
  const floor = new SqliteFloor(options);
  return {
    callers: 1,
    unitsPerCall: 1,
    async work() {
      floor.release(floor.claim());
    },
    async close() {
      floor.close();
    },
  };
}

/** A pause before the lock is asked for again grows to this; and how long a process works before it gives way. */
const PAUSE_MS_MAX = 16;
const GIVE_WAY_AFTER_MS = 20;

/** One caller on the floor that waits for other processes outside of SQLite, in the way of the product. */
export function openRetryingFloor(options: Omit<SqliteFloorOptions, 'busyTimeoutMs'>): Contender {
  const floor = new SqliteFloor({ ...options, busyTimeoutMs: 0 });
  let workingSince = performance.now();
  const patiently = async <R>(attempt: () => R): Promise<R> => {
    if (performance.now() - workingSince >= GIVE_WAY_AFTER_MS) {
      await pause(1);
      workingSince = performance.now();
    }
    for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX)) {
      try {
        return attempt();
      } catch (error) {
        if (!isBusy(error)) throw error;
      }
      await pause(1 + Math.random() * pauseMs);
      workingSince = performance.now();
    }
  };
  return {
    callers: 1,
    unitsPerCall: 1,
    async work() {
      const lease = await patiently(() => floor.claim());
      await patiently(() => floor.release(lease));
    },
    async close() {
      floor.close();
    },
  };
}

function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
}
