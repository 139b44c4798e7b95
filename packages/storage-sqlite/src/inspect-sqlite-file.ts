import { statSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { decodeClockState, OrchestratorError, type ClockState, type StoreState } from '@agent-orchestrator/core';
import { retryWhileBusy } from './busy.ts';
import { LOG_BYTES_KEPT, openReader, type Connection } from './connection.ts';
import { translateError } from './errors.ts';
import { readStoreState } from './store-state.ts';
import { inspectFile, isThere, resolvePath, schemaVersionOf, SCHEMA_VERSION } from './store-file.ts';

/** A folder or file, as the system tells of it. */
export interface FileFacts {
  readonly role: 'folder' | 'database' | 'log' | 'log_index';
  readonly path: string;
  /** The permission bits, with the sticky bit; null where the system has none. */
  readonly mode: number | null;
  /** Whether it belongs to the user of this process; null where the system does not say. */
  readonly isMine: boolean | null;
  readonly bytes: number;
}

/** What a look at a store's file tells, without a lock and without a change. */
export interface SqliteFacts {
  readonly path: string;
  readonly version: string;
  /** How many migrations the file has seen, and how many there are. */
  readonly schema: number;
  readonly schemaKnown: number;
  readonly journalMode: string;
  /** The folder, the database, and the side files that are there. */
  readonly files: readonly FileFacts[];
  /** Bytes of the write-ahead log; 0 if there is none. */
  readonly logBytes: number;
  /** So large it may stay; more means that a long read keeps it from being emptied. */
  readonly logBytesKept: number;
  /** What the store remembers of its machine's clocks; null before the first write. */
  readonly clock: ClockState | null;
  /** null: the store is open for work. */
  readonly state: StoreState | null;
}

const BUSY_TIMEOUT_MS = 1_000;

/**
 * Looks at a store's file.
 *
 * @throws `STORE_NOT_FOUND` and what else opening the store for reading throws, but `STORE_OLDER`
 */
export async function inspectSqliteFile(path: string): Promise<SqliteFacts> {
  try {
    const file = resolvePath(path);
    if (!isThere(file)) throw new OrchestratorError('STORE_NOT_FOUND', `There is no store at ${file}.`);
    return await retryWhileBusy(BUSY_TIMEOUT_MS, () => {
      inspectFile(file);
      // Before the file is opened: reading may leave an empty log behind.
      const files = filesOf(file);
      const db = openReader(file);
      try {
        const schema = schemaVersionOf(db, file);
        if (schema === 0) throw new OrchestratorError('STORE_NOT_FOUND', `${file} holds no store yet.`);
        return {
          path: file,
          version: db.prepare<[], string>('SELECT sqlite_version()').pluck().get() ?? '',
          schema,
          schemaKnown: SCHEMA_VERSION,
          journalMode: String(db.pragma('journal_mode', { simple: true })),
          files,
          logBytes: files.find(({ role }) => role === 'log')?.bytes ?? 0,
          logBytesKept: LOG_BYTES_KEPT,
          clock: clockIn(db),
          state: readStoreState(db),
        };
      } finally {
        db.close();
      }
    });
  } catch (error) {
    throw translateError(error);
  }
}

/** The folder and the files of a store that are there, in the order in which they would be looked for. */
export function filesOf(path: string): readonly FileFacts[] {
  const places = [
    ['folder', dirname(path)],
    ['database', path],
    ['log', `${path}-wal`],
    ['log_index', `${path}-shm`],
  ] as const;
  return places.flatMap(([role, place]) => {
    const found = statSync(place, { throwIfNoEntry: false });
    return found === undefined ? [] : { role, path: place, ...permissionsOf(found), bytes: found.size };
  });
}

function permissionsOf({ mode, uid }: Stats): Pick<FileFacts, 'mode' | 'isMine'> {
  const user = process.getuid?.();
  return user === undefined ? { mode: null, isMine: null } : { mode: mode & 0o1777, isMine: uid === user };
}

function clockIn(db: Connection): ClockState | null {
  const text = db.prepare<[], string>(`SELECT value FROM meta WHERE key = 'clock'`).pluck().get();
  return text === undefined ? null : decodeClockState(text);
}
