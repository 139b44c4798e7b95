import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  statSync,
  type Stats,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { OrchestratorError } from '@agent-orchestrator/core';
import { assertNotNewer } from '@agent-orchestrator/storage-sql';
import { assertCatalogue } from '../schema/catalogue.ts';
import type { Connection } from '../connection.ts';
import { fileSystemOf, unsafeFileSystem } from './file-system.ts';
import { isThere } from './is-there.ts';
import { assertNoLogAt } from './log-files.ts';
import { knownMigrations, SCHEMA_VERSION } from '../migrations.ts';
import { assertNoCompanion, assertOwnFiles, type OwnFileOptions } from './own-file.ts';
import { assertNotPartial } from './partial-name.ts';

/** `AGOR`, in the header of every file of ours. */
export const APPLICATION_ID = 0x41474f52;

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** SQLite takes paths of 512 bytes, its longest addition (`-journal`) included. */
const PATH_BYTES_MAX = 504;

/** No SQLite file is smaller than the smallest page, but for an empty one. */
const FILE_BYTES_MIN = 512;

/**
 * The path with its links followed, so that two names of one file mean one file (SQLite names the log after the path it
 * is given).
 *
 * @throws `STORE_PATH_TOO_LONG`, `STORE_PARTIAL_NAME`; `STORE_UNSUITABLE` for the name of a file of another database
 */
export function resolvePath(path: string): string {
  const followed = followLinks(path);
  assertPathFits(followed);
  assertNotPartial(followed);
  assertNoCompanion(followed);
  return followed;
}

function followLinks(path: string): string {
  if (isThere(path)) return realpathSync(path);
  const folder = dirname(path);
  return isThere(folder) ? join(realpathSync(folder), basename(path)) : path;
}

/** Before anything is made there. */
export function assertPathFits(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes > PATH_BYTES_MAX)
    throw new OrchestratorError(
      'STORE_PATH_TOO_LONG',
      `The path of the store has ${bytes} bytes; SQLite takes at most ${PATH_BYTES_MAX}: ${path}`,
    );
}

/** As `createNewFile`; a file that another process made meanwhile is judged when it is opened. */
export function createFile(path: string): void {
  try {
    createNewFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !isThere(path)) throw error;
  }
}

/**
 * Makes an empty file that only its owner may read, and the folders above it. SQLite gives its side files the mode of
 * the database, so the mode has to be right before the first byte. A umask can take bits that the owner needs: they are
 * given back. Setting another umask would do it as well, but not in a worker thread.
 *
 * @throws the system's `EEXIST` if there is anything at the path; `STORE_REPLACED` if only its log is there
 */
export function createNewFile(path: string): void {
  try {
    createFolder(dirname(path));
    assertLocal(dirname(path));
    // Another process may have made the file, and its log, meanwhile: then making it says so.
    if (!isThere(path)) assertNoLogAt(path);
    // `wx` opens nothing that exists: closing a second descriptor of an open database would drop its locks.
    createForOwner(path, (inside) => openSync(inside, 'wx', FILE_MODE));
  } catch (error) {
    // Below /proc, or behind a broken link, no file can be created, and the system answers ENOENT.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new OrchestratorError('STORE_PERMISSION', `${path} cannot be created.`, { cause: error });
  }
}

/** Node's `recursive` option for the folders above never ends below /proc. */
function createFolder(folder: string): void {
  if (isThere(folder)) return;
  createFolder(dirname(folder));
  try {
    if (process.geteuid?.() === 0) createForOwner(folder, makeFolder);
    else makeOwnFolder(folder);
  } catch (error) {
    // Another process may have made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Without its bits, its owner could not open it. */
function makeOwnFolder(path: string): void {
  mkdirSync(path, { mode: FOLDER_MODE });
  if (lacks(statSync(path).mode, FOLDER_MODE)) chmodSync(path, FOLDER_MODE);
}

/** A folder cannot be opened everywhere, so only root opens it. */
function makeFolder(path: string): number {
  mkdirSync(path, { mode: FOLDER_MODE });
  return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
}

/**
 * Creates something in a folder. What root makes in the folder of a user goes to that user, who would else be locked
 * out of it; SQLite does the same for the files beside the database. By descriptors alone: that user could put a link
 * to another folder in its place between two looks at its path, and would get what root made there. The runtime does
 * the same for its files: a storage imports nothing but core, and core opens no file.
 *
 * @param create gets the path; answers with an open descriptor of what it made, which is closed
 */
function createForOwner(path: string, create: (path: string) => number): void {
  if (process.geteuid?.() !== 0 || process.platform !== 'linux') return finish(create(path), null);
  const folder = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    finish(create(join(`/proc/self/fd/${folder}`, basename(path))), fstatSync(folder));
  } finally {
    closeSync(folder);
  }
}

/** Closes what was made, once its owner can use it. `folder`: what it is in, if its owner gets it. */
function finish(made: number, folder: Stats | null): void {
  try {
    const found = fstatSync(made);
    // That user can have put another folder in the place of a new one, which is empty.
    if (folder !== null && found.isDirectory() && readdirSync(`/proc/self/fd/${made}`).length > 0) return;
    const mode = found.isDirectory() ? FOLDER_MODE : FILE_MODE;
    if (lacks(found.mode, mode)) fchmodSync(made, mode);
    if (folder !== null && folder.uid !== 0) fchownSync(made, folder.uid, folder.gid);
  } finally {
    closeSync(made);
  }
}

/** Not on Windows, which has no such modes. */
function lacks(mode: number, needed: number): boolean {
  return process.platform !== 'win32' && (mode & needed) !== needed;
}

/** Refuses a folder on a file system that cannot keep a SQLite file whole. */
export function assertLocal(folder: string): void {
  const system = fileSystemOf(folder);
  const unsafe = system === null ? null : unsafeFileSystem(system);
  if (unsafe === null) return;
  throw new OrchestratorError(
    'STORE_UNSUITABLE',
    `${folder} is on a network or shared file system (${unsafe}), where SQLite can damage the database.`,
    {
      hint: 'Put the store on a local disk.',
    },
  );
}

/**
 * Refuses a file that is not ours before anything is written to it, its side files included.
 *
 * @param assertUsable may refuse a store of this version
 */
export function inspectFile(path: string, assertUsable?: (db: Connection) => void, options: OwnFileOptions = {}): void {
  lookAtFile(path, assertUsable, options).close();
}

/** As `inspectFile`. @returns the connection, so that the next one finds the side files that this one made */
export function lookAtFile(
  path: string,
  assertUsable: (db: Connection) => void = () => {},
  options: OwnFileOptions = {},
): Connection {
  assertOwnFiles(path, options);
  const found = statSync(path);
  // A process that makes the tables has a journal beside the empty file, and no log yet.
  assertNoLogAt(path, ['-wal']);
  // SQLite takes a file shorter than a page for a new one, and would overwrite it.
  if (found.size > 0 && found.size < FILE_BYTES_MIN)
    throw new OrchestratorError('STORE_NOT_A_DATABASE', `${path} is too short for a database.`);
  const db = openToLook(path);
  try {
    // All of it as it is at one moment: another process may be making the tables.
    db.exec('BEGIN');
    const version = schemaVersionOf(db, path);
    if (version > 0) assertCatalogue(db, path, knownMigrations().slice(0, version));
    if (version === SCHEMA_VERSION) assertUsable(db);
    db.exec('COMMIT');
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Opens any file to inspect it: closing it changes neither the file nor its side files. */
function openToLook(path: string): Connection {
  // Closing the last connection copies the side files into the file and deletes them. So if there are side files, the
  // file is opened read-only, which changes nothing. If there are none, it is not: a read-only connection would leave
  // side files.
  const readonly = existsSync(`${path}-wal`) || existsSync(`${path}-journal`);
  return new Database(path, { readonly, fileMustExist: true, timeout: 0 });
}

/**
 * How many migrations the file has seen; 0 for an empty one.
 *
 * @throws `STORE_NEWER`, `STORE_NOT_A_DATABASE` for a file that cannot be used
 */
export function schemaVersionOf(db: Connection, path: string): number {
  // One transaction: another process may be making the tables at this moment, and half of what it writes is no store.
  return db.transaction(() => versionIn(db, path))();
}

function versionIn(db: Connection, path: string): number {
  const application = db.pragma('application_id', { simple: true });
  const version = Number(db.pragma('user_version', { simple: true }));
  if (application === APPLICATION_ID) {
    assertNotNewer(path, version, SCHEMA_VERSION);
    assertEncoding(db, path);
    if (version > 0) return version;
    throw new OrchestratorError(
      'STORE_NOT_A_DATABASE',
      `${path} has our application id but no schema version: another program changed it. It was not touched.`,
    );
  }
  const tables = db
    .prepare<[], string>(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
    .pluck()
    .all();
  if (application !== 0 || version !== 0 || tables.length > 0) {
    throw new OrchestratorError(
      'STORE_NOT_A_DATABASE',
      `${path} is a SQLite database of another application. It was not touched.`,
    );
  }
  assertEncoding(db, path);
  return 0;
}

/** Orders and lengths of text are those of UTF-8 everywhere else. */
function assertEncoding(db: Connection, path: string): void {
  const encoding = String(db.pragma('encoding', { simple: true }));
  if (encoding !== 'UTF-8')
    throw new OrchestratorError('STORE_ENCODING', `${path} keeps its text in ${encoding}; UTF-8 is needed.`);
}
