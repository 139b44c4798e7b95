import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { Floor, type FloorOptions } from './floor.ts';
import type { Running } from './measure.ts';

/** One caller on the floor. */
export async function openFloor(options: FloorOptions): Promise<Running> {
  const floor = new Floor(options);
  return {
    async run(units) {
      for (let left = units; left > 0; left -= 1) floor.release(floor.claim());
    },
    async close() {
      floor.close();
    },
  };
}

/** Commits after which a process gives way for a millisecond, and the longest pause before it asks for a lock again. */
const COMMITS_BEFORE_GIVING_WAY = 5;
const PAUSE_MS_MAX = 2;

/** One caller on the floor that waits for other processes outside of SQLite. */
export async function openRetryingFloor(options: FloorOptions): Promise<Running> {
  const floor = new Floor(options);
  let commits = 0;
  const patiently = async <R>(attempt: () => R): Promise<R> => {
    if (commits >= COMMITS_BEFORE_GIVING_WAY) {
      commits = 0;
      await pause(1);
    }
    for (;;) {
      try {
        const result = attempt();
        commits += 1;
        return result;
      } catch (error) {
        if (!(error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY'))) throw error;
      }
      await pause(Math.random() * PAUSE_MS_MAX);
    }
  };
  return {
    async run(units) {
      for (let left = units; left > 0; left -= 1) {
        const lease = await patiently(() => floor.claim());
        await patiently(() => floor.release(lease));
      }
    },
    async close() {
      floor.close();
    },
  };
}
