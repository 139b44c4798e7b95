import { OrchestratorError } from '@agent-orchestrator/core';
import { retryWhileBusy } from '../file/busy.ts';
import { openReader, type Connection } from '../connection.ts';
import { explainError } from '../file/explain-error.ts';
import { assertLogNotLost } from '../file/log-files.ts';
import { isThere } from '../file/is-there.ts';
import { inspectFile, resolvePath } from '../file/store-file.ts';

/** A damaged file can have a problem on every page: this many are enough to see what is wrong. */
const PROBLEMS_MAX = 100;
const BUSY_TIMEOUT_MS = 5_000;

/**
 * Lets SQLite check a store's file: damaged pages, indexes without some rows, rows that refer to a missing row. Reads
 * the whole file, and never writes.
 *
 * @returns one sentence for each problem; empty: there is none
 * @throws the errors of opening the store for reading
 */
export async function checkPlace(path: string): Promise<readonly string[]> {
  try {
    const file = resolvePath(path);
    if (!isThere(file)) throw new OrchestratorError('STORE_NOT_FOUND', `There is no store at ${file}.`);
    await assertLogNotLost(file, BUSY_TIMEOUT_MS);
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
    const translated = explainError(error, path);
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
  return rows.map(({ table, rowid, parent }) => `row ${rowid} of ${table} refers to a missing row of ${parent}`);
}
