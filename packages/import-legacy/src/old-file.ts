import { existsSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { OrchestratorError } from '@agent-orchestrator/core';
import { translateError } from './errors.ts';
import { isOld, oldColumnsOf, type OldColumns } from './old-tables.ts';

export type Connection = Database.Database;

/** How long to wait while another process locks the file. Readers of a file with a write-ahead log never wait. */
const BUSY_TIMEOUT_MS = 5_000;

/** No SQLite file is smaller than the smallest page, except an empty one. */
const FILE_BYTES_MIN = 512;

/** A file of the proof of concept, as it is at one moment. It is only read. */
export class OldFile implements Disposable {
  readonly db: Connection;
  readonly columns: OldColumns;
  readonly #version: unknown;

  /** @throws `STORE_NOT_FOUND`, `STORE_NOT_A_DATABASE`, `STORE_NOT_LEGACY`, and the other `STORE_` codes */
  constructor(path: string) {
    this.db = opened(path);
    try {
      // Read before the snapshot: a change between the two then counts as a later one, and is never missed.
      this.#version = versionOf(this.db);
      this.db.exec('BEGIN');
      this.columns = oldColumnsOf(this.db);
      if (!isOld(this.db, this.columns)) throw notLegacy(path);
    } catch (error) {
      this.db.close();
      throw translateError(error, path);
    }
  }

  /** Whether another connection has written to the file since. Ends the snapshot. */
  isChanged(): boolean {
    if (this.db.inTransaction) this.db.exec('COMMIT');
    return versionOf(this.db) !== this.#version;
  }

  [Symbol.dispose](): void {
    this.db.close();
  }
}

/** Whether there is a database of the proof of concept at the path. A file that cannot be read is not one. */
export function isLegacyDatabase(path: string): boolean {
  try {
    new OldFile(path)[Symbol.dispose]();
    return true;
  } catch {
    return false;
  }
}

function opened(path: string): Connection {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined)
      throw new OrchestratorError('STORE_NOT_FOUND', `There is no file at ${path}.`, {
        hint: 'Give the path of the database of the proof of concept.',
      });
    if (!found.isFile()) throw new OrchestratorError('STORE_NOT_A_DATABASE', `${path} is not a file.`);
    if (found.size === 0) throw notLegacy(path);
    if (found.size < FILE_BYTES_MIN)
      throw new OrchestratorError('STORE_NOT_A_DATABASE', `${path} is too short for a database.`);
    return openToRead(path);
  } catch (error) {
    throw translateError(error, path);
  }
}

/**
 * Opens the file so that closing it changes neither the file nor its side files. When the last connection that may
 * write closes, SQLite copies the side files into the file and deletes them. So if there are side files, the file is
 * opened read-only. If there are none, it is not: SQLite would create them, and a read-only connection cannot delete
 * them.
 */
function openToRead(path: string): Connection {
  const readonly = existsSync(`${path}-wal`) || existsSync(`${path}-journal`);
  const db = new Database(path, { readonly, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  db.pragma('query_only = ON');
  return db;
}

/** Grows whenever another connection commits. */
function versionOf(db: Connection): unknown {
  return db.pragma('data_version', { simple: true });
}

function notLegacy(path: string): OrchestratorError {
  return new OrchestratorError('STORE_NOT_LEGACY', `${path} is not a database of the proof of concept.`);
}
