import { linkSync, lstatSync, lutimesSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { nameWithoutCompanion, OrchestratorError, type BackupFile, type StoreState } from '@agent-orchestrator/core';
import { retryWhileBusy } from '../file/busy.ts';
import { openReader, openWriter } from '../connection.ts';
import { translateError } from '../errors.ts';
import { explainError } from '../file/explain-error.ts';
import { OpenFile } from '../file/open-file.ts';
import { assertOwnFiles, isMine, withCompanions } from '../file/own-file.ts';
import { beginPartial, endPartial, isPartialOfOthers, newPartialName } from '../file/partial-name.ts';
import { assertNoLogAt } from '../file/log-files.ts';
import { isThere } from '../file/is-there.ts';
import { assertPathFits, createNewFile, resolvePath } from '../file/store-file.ts';
import { writeStoreState } from '../copy/store-state.ts';
import { syncPath } from '../file/sync-path.ts';

const BUSY_TIMEOUT_MS = 30_000;
/**
 * An incomplete backup that was not written for this time is a leftover. Its maker cannot be asked: in containers that
 * share a folder, processes do not see each other, and the pid of one is that of another, or of none.
 */
const LEFTOVER_MS = 600_000;
/**
 * So often the maker changes the time of the file, because a check of a large copy reads it for long. Reads let the
 * event loop turn. What can hold the event loop for long is `VACUUM INTO`, which writes the file until it syncs it at
 * its end, and the syncs of `seal` and `publish`. If a sync takes too long, the next step reports that the file is
 * gone.
 */
const TOUCH_MS = 60_000;

/**
 * Begins a backup file; `source` is the path of the store's file. While it is copied, other processes write to the
 * store.
 */
export async function beginBackup(to: string, source: string | null): Promise<BackupFile> {
  try {
    const place = resolvePath(resolve(to));
    const from = source === null ? null : resolvePath(source);
    assertFree(place);
    const path = newPartialName(place);
    assertPathFits(path);
    removeLeftovers(place);
    createNewFile(path);
    const file = new PartialFile(place, beginPartial(path));
    try {
      if (from !== null) await copyInto(file.path, from);
      return file;
    } catch (error) {
      file[Symbol.dispose]();
      throw error;
    }
  } catch (error) {
    throw explainError(error, to);
  }
}

/** The file has a name beside its final one until it is published. */
class PartialFile implements BackupFile {
  readonly path: string;
  readonly #place: string;
  readonly #file: OpenFile;
  readonly #touching: NodeJS.Timeout;

  constructor(place: string, path: string) {
    this.#place = place;
    this.path = path;
    this.#file = new OpenFile(path);
    this.#touching = setInterval(() => touch(path), TOUCH_MS).unref();
  }

  seal(state: StoreState): Promise<void> {
    return retryWhileBusy(BUSY_TIMEOUT_MS, () => {
      this.#assertInPlace();
      seal(this.path, state);
    });
  }

  publish(): void {
    try {
      this.#assertInPlace();
      this.#complete();
      this[Symbol.dispose]();
      syncPath(dirname(this.#place));
    } catch (error) {
      throw translateError(error);
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#touching);
    for (const file of withCompanions(this.path)) rmSync(file, { force: true });
    endPartial(this.path);
  }

  /** The sync can take long, and the file may go meanwhile. */
  #complete(): void {
    try {
      syncPath(this.path);
      assertFree(this.#place);
      this.#assertInPlace();
      giveName(this.path, this.#place);
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? this.#gone(error) : error;
    }
  }

  /** @throws `STORE_REPLACED`, `STORE_SECOND_NAME` */
  #assertInPlace(): void {
    try {
      // It looks each time: for `assertInPlace`, a look from before the sync may count.
      this.#file.assertStillInPlace();
    } catch (error) {
      const isGone = error instanceof OrchestratorError && error.code === 'STORE_REPLACED';
      throw isGone ? this.#gone(error) : error;
    }
  }

  #gone(cause: unknown): OrchestratorError {
    const message = `${this.path} was removed or replaced while the backup was being made.`;
    return new OrchestratorError('STORE_REPLACED', message, { hint: 'Take a new backup.', cause });
  }
}

function touch(path: string): void {
  try {
    const now = new Date();
    lutimesSync(path, now, now);
  } catch {
    // It is gone: the next step of the backup reports that.
  }
}

/** Online: readers and writers of the source continue meanwhile. */
async function copyInto(path: string, source: string): Promise<void> {
  await retryWhileBusy(BUSY_TIMEOUT_MS, () => {
    const db = openReader(source);
    try {
      db.prepare('VACUUM INTO ?').run(path);
    } finally {
      db.close();
    }
  });
}

function seal(path: string, state: StoreState): void {
  assertOwnFiles(path);
  const db = openWriter(path);
  try {
    db.transaction(() => writeStoreState(db, state)).immediate();
    db.pragma('journal_mode = DELETE');
  } finally {
    db.close();
  }
}

/**
 * Unlike a rename, a link fails if another process was faster; not every file system (that of a memory stick, say) has
 * any.
 */
function giveName(path: string, place: string): void {
  try {
    linkSync(path, place);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'].includes(code)) throw error;
    renameSync(path, place);
  }
}

function assertFree(path: string): void {
  assertNoLogAt(path);
  if (isThere(path)) throw new OrchestratorError('STORE_NOT_EMPTY', `There is already a file or folder at ${path}.`);
}

/**
 * Removes the files that killed processes of this user left. No process but the maker opens a file by such a name. A
 * file with a second name is left alone, with all that lies beside it: a database that has one is complete, and may
 * have a log there. The process that opens it is told which name to remove.
 */
function removeLeftovers(place: string): void {
  const folder = dirname(place);
  if (!isThere(folder)) return;
  const databases = new Set(readdirSync(folder).map(nameWithoutCompanion));
  for (const name of databases) {
    const path = join(folder, name);
    const files = withCompanions(path);
    if (!isPartialOfOthers(path, place) || !files.every(mayGo)) continue;
    for (const file of files) rmSync(file, { force: true });
  }
}

/** Whether it is a file of this user that has no other name and was not written lately, or is gone. */
function mayGo(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return true;
  const isOwnFile = found.isFile() && found.nlink === 1 && isMine(found.uid);
  return isOwnFile && Date.now() - found.mtimeMs >= LEFTOVER_MS;
}
