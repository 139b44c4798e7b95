import { accessSync, constants, statSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { decodeClockState, OrchestratorError, type ClockState, type PlaceReport } from '@agent-orchestrator/core';
import { noStore } from '@agent-orchestrator/storage-sql';
import { retryWhileBusy } from '../file/busy.ts';
import { LOG_BYTES_KEPT, openReader, type Connection } from '../connection.ts';
import { explainError } from '../file/explain-error.ts';
import { lockHolderOf } from '../file/lock-holder.ts';
import { assertLogNotLost } from '../file/log-files.ts';
import { SCHEMA_VERSION } from '../migrations.ts';
import { readStoreState } from '../copy/store-state.ts';
import { isThere } from '../file/is-there.ts';
import { inspectFile, resolvePath, schemaVersionOf } from '../file/store-file.ts';
import { judge, type FileFacts, type SqliteFacts } from './judge.ts';

const BUSY_TIMEOUT_MS = 1_000;

type FileReport = PlaceReport & { readonly facts: SqliteFacts };

/** Inspects a store's file. */
export async function inspectPlace(path: string): Promise<FileReport> {
  try {
    const file = resolvePath(path);
    if (!isThere(file)) throw new OrchestratorError('STORE_NOT_FOUND', `There is no store at ${file}.`);
    await assertLogNotLost(file, BUSY_TIMEOUT_MS);
    const look = await retryWhileBusy(BUSY_TIMEOUT_MS, () => lookAt(file), file);
    const facts: SqliteFacts = { ...look.facts, lock: look.facts.journalMode === 'wal' ? await tryLock(file) : null };
    return { ...look, facts, findings: judge(facts) };
  } catch (error) {
    throw explainError(error, path);
  }
}

function lookAt(file: string): Omit<FileReport, 'facts' | 'findings'> & { readonly facts: Omit<SqliteFacts, 'lock'> } {
  // That other users may write to a file is a finding, and what can be done about it is known.
  inspectFile(file, () => {}, { assertMode: false });
  // Before the file is opened: a read may leave an empty log.
  const files = filesOf(file);
  const db = openReader(file);
  try {
    const schema = schemaVersionOf(db, file);
    if (schema === 0) throw noStore(file);
    const version = db.prepare<[], string>('SELECT sqlite_version()').pluck().get() ?? '';
    const state = readStoreState(db);
    const facts = {
      version,
      isBackup: state?.status === 'backup',
      journalMode: String(db.pragma('journal_mode', { simple: true })),
      files,
      logBytes: files.find(({ role }) => role === 'log')?.bytes ?? 0,
      logBytesKept: LOG_BYTES_KEPT,
    };
    return { version, schema, schemaKnown: SCHEMA_VERSION, state, clock: clockIn(db), serverNow: null, facts };
  } finally {
    db.close();
  }
}

/**
 * Whether the lock to write can be had within a moment. It is given back at once, and nothing is written.
 *
 * @returns null where this user may not write
 */
async function tryLock(file: string): Promise<SqliteFacts['lock']> {
  if (!isWritable(file)) return null;
  // Closing the last connection that may write takes the log away: so one that only reads is closed after it.
  const reader = openReader(file);
  const db = new Database(file, { fileMustExist: true, timeout: 0 });
  try {
    reader.pragma('schema_version');
    await retryWhileBusy(BUSY_TIMEOUT_MS, () => db.exec('BEGIN IMMEDIATE; ROLLBACK'));
    return { isFree: true, triedMs: 0, holder: null };
  } catch (error) {
    if (!(error instanceof OrchestratorError) || error.code !== 'STORE_BUSY') throw error;
    return { isFree: false, triedMs: BUSY_TIMEOUT_MS, holder: lockHolderOf(file) };
  } finally {
    db.close();
    reader.close();
  }
}

function isWritable(file: string): boolean {
  try {
    accessSync(file, constants.W_OK);
    return true;
  } catch {
    return false;
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
