import Database from 'better-sqlite3';
import { OrchestratorError } from '@agent-orchestrator/core';

/** An open SQLite file. */
export type Connection = Database.Database;

/** Whether a commit survives a power cut (`FULL`), or only a crash of the process (`NORMAL`). */
export type Synchronous = 'FULL' | 'NORMAL';

/** After so many pages of log, the commit that is done brings them into the file, unless the caller sees to that. */
const CHECKPOINT_PAGES = 8_000;
/** A log that grew under a long read is cut back to this by the next checkpoint. */
export const LOG_BYTES_KEPT = 67_108_864;
/**
 * The upper levels of every index stay in memory with a million tasks. Memory mapping is off: there, a failing disk is
 * a signal that kills the process, not an error.
 */
const WRITER_CACHE_KIB = 65_536;
/** A read looks at few pages, which the system has in memory; and a process has a connection for each snapshot. */
const READER_CACHE_KIB = 2_048;

/** The pragmas that each connection needs, and the values that SQLite must answer. */
const PROMISES: readonly (readonly [pragma: string, value: number])[] = [
  ['foreign_keys', 1],
  ['recursive_triggers', 1],
  ['trusted_schema', 0],
  ['cell_size_check', 1],
  ['busy_timeout', 0],
];

/** Leaves it to the caller to bring the log into the file. SQLite itself does so when the last connection closes. */
export function keepLog(db: Connection): void {
  keep(db, 'wal_autocheckpoint', 0);
}

/** Opens the file for one writer. Changes the file only to switch on the write-ahead log. */
export function openWriter(path: string, synchronous: Synchronous = 'FULL'): Connection {
  return configured(path, {}, (db) => {
    if (
      db.pragma('journal_mode', { simple: true }) !== 'wal' &&
      db.pragma('journal_mode = WAL', { simple: true }) !== 'wal'
    ) {
      throw new OrchestratorError('STORE_UNSUITABLE', 'SQLite cannot use a write-ahead log here.');
    }
    keep(db, 'synchronous', synchronous === 'FULL' ? 2 : 1);
    keep(db, 'cache_size', -WRITER_CACHE_KIB);
    keep(db, 'wal_autocheckpoint', CHECKPOINT_PAGES);
    keep(db, 'journal_size_limit', LOG_BYTES_KEPT);
    // A statement that a trigger may abort keeps its undo aside: in a large group that would spill to a file.
    keep(db, 'temp_store', 2);
  });
}

/** Opens the file read-only. */
export function openReader(path: string): Connection {
  return configured(path, { readonly: true }, (db) => keep(db, 'cache_size', -READER_CACHE_KIB));
}

function configured(path: string, options: { readonly?: boolean }, further: (db: Connection) => void): Connection {
  const db = new Database(path, { ...options, fileMustExist: true, timeout: 0 });
  try {
    assertSafeVersion(String(db.prepare('SELECT sqlite_version()').pluck().get()));
    for (const [pragma, value] of PROMISES) keep(db, pragma, value);
    further(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** SQLite silently ignores a pragma that it does not know or refuses, so each is read back. */
function keep(db: Connection, pragma: string, value: number): void {
  db.pragma(`${pragma} = ${value}`);
  const found = db.pragma(pragma, { simple: true });
  if (found !== value)
    throw new OrchestratorError(
      'STORE_UNSUITABLE',
      `The pragma ${pragma} of SQLite must be ${value}, but it is ${String(found)}.`,
    );
}

/** Before 3.51.3, a write-ahead log that was reset while another process read it could damage the file. */
const OLDEST_VERSION = [3, 51, 3] as const;

/** Refuses a SQLite library that could damage the file. */
export function assertSafeVersion(version: string): void {
  const parts = version.split('.').map(Number);
  for (const [index, oldest] of OLDEST_VERSION.entries()) {
    const part = parts[index] ?? 0;
    if (part > oldest) return;
    if (part < oldest)
      throw new OrchestratorError(
        'STORE_UNSUITABLE',
        `SQLite ${version} can damage the file; ${OLDEST_VERSION.join('.')} or later is needed.`,
      );
  }
}
