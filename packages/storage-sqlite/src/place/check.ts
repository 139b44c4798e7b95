import { OrchestratorError } from '@agent-orchestrator/core';
import { retryWhileBusy } from '../busy.ts';
import { openReader, type Connection } from '../connection.ts';
import { translateError } from '../errors.ts';
import { inspectFile, isThere, resolvePath } from '../store-file.ts';

/** Enough to see what is wrong; a damaged file can have a problem on every page. */
const PROBLEMS_MAX = 100;
const BUSY_TIMEOUT_MS = 5_000;

/**
 * What SQLite itself finds wrong with a store's file: damaged pages, indexes that miss rows, rows that point nowhere.
 * Reads the whole file, and never writes.
 *
 * @returns one sentence each; none: the file is whole
 * @throws what opening the store for reading throws
 */
export async function checkPlace(path: string): Promise<readonly string[]> {
  try {
    const file = resolvePath(path);
    if (!isThere(file)) throw new OrchestratorError('STORE_NOT_FOUND', `There is no store at ${file}.`);
    return await retryWhileBusy(BUSY_TIMEOUT_MS, () => {
      inspectFile(file);
      const db = openReader(file);
      try {
        return [...damagedPages(db), ...danglingRows(db)].slice(0, PROBLEMS_MAX);
      } finally {
        db.close();
      }
    });
  } catch (error) {
    const translated = translateError(error);
    if (translated instanceof OrchestratorError && translated.code === 'STORE_CORRUPT') return [translated.message];
    throw translated;
  }
}

function damagedPages(db: Connection): string[] {
  const rows = db.prepare<[], string>(`PRAGMA integrity_check(${PROBLEMS_MAX})`).pluck().all();
  return rows.filter((row) => row !== 'ok');
}

function danglingRows(db: Connection): string[] {
  const rows = db.prepare<[], { table: string; rowid: number; parent: string }>('PRAGMA foreign_key_check').all();
  return rows.map(
    ({ table, rowid, parent }) => `row ${rowid} of ${table} points to a row of ${parent} that is not there`,
  );
}
