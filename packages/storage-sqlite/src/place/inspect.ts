import { statSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { decodeClockState, OrchestratorError, type ClockState, type PlaceReport } from '@agent-orchestrator/core';
import { retryWhileBusy } from '../busy.ts';
import { LOG_BYTES_KEPT, openReader, type Connection } from '../connection.ts';
import { translateError } from '../errors.ts';
import { readStoreState } from '../store-state.ts';
import { inspectFile, isThere, resolvePath, schemaVersionOf, SCHEMA_VERSION } from '../store-file.ts';
import { judge, type FileFacts, type SqliteFacts } from './judge.ts';

const BUSY_TIMEOUT_MS = 1_000;

type FileReport = PlaceReport & { readonly facts: SqliteFacts };

/** Inspects a store's file. */
export async function inspectPlace(path: string): Promise<FileReport> {
  try {
    const file = resolvePath(path);
    if (!isThere(file)) throw new OrchestratorError('STORE_NOT_FOUND', `There is no store at ${file}.`);
    return await retryWhileBusy(BUSY_TIMEOUT_MS, () => {
      inspectFile(file);
      // Before the file is opened: a read may leave an empty log.
      const files = filesOf(file);
      const db = openReader(file);
      try {
        const schema = schemaVersionOf(db, file);
        if (schema === 0) throw new OrchestratorError('STORE_NOT_FOUND', `${file} contains no store yet.`);
        const version = db.prepare<[], string>('SELECT sqlite_version()').pluck().get() ?? '';
        const state = readStoreState(db);
        const facts: SqliteFacts = {
          version,
          isBackup: state?.status === 'backup',
          journalMode: String(db.pragma('journal_mode', { simple: true })),
          files,
          logBytes: files.find(({ role }) => role === 'log')?.bytes ?? 0,
          logBytesKept: LOG_BYTES_KEPT,
        };
        return {
          version,
          schema,
          schemaKnown: SCHEMA_VERSION,
          state,
          clock: clockIn(db),
          serverNow: null,
          findings: judge(facts),
          facts,
        };
      } finally {
        db.close();
      }
    });
  } catch (error) {
    throw translateError(error);
  }
}

/** The existing folder and files of a store, in the order of access. */
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
