import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

/*
 * Files and folders that only one user can read. Root may work with the HOME of a user (`sudo` keeps it): what it makes
 * there belongs to that user, or the user would be locked out of its own state.
 *
 * A umask can take bits that the owner needs. What is made here has them all the same.
 */

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Creates a folder that only its owner can read, with the folders above it. An existing folder is not changed.
 *
 * Node's option `recursive` is not used: below /proc it never returns.
 *
 * @returns the folders that were created, innermost first
 * @throws the system's error if the folder cannot be created
 */
export function makePrivateFolder(folder: string): string[] {
  if (existsSync(folder)) return [];
  const above = makePrivateFolder(dirname(folder));
  try {
    asOwnerOfFolder(folder, (path, give) => {
      mkdirSync(path, { mode: FOLDER_MODE });
      if (give === null) return restoreFolderMode(path);
      const made = openSync(path, DIRECTORY);
      try {
        // The owner of the folder above can have put another one in its place; the new one is empty.
        if (readdirSync(`/proc/self/fd/${made}`).length > 0) return;
        fchmodSync(made, FOLDER_MODE);
        give(made);
      } finally {
        closeSync(made);
      }
    });
  } catch (error) {
    // Another process may have created it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return [folder, ...above];
}

/** Creates a folder with a new name that only its owner can read. @returns its path */
export function makeTemporaryFolder(prefix: string): string {
  const folder = mkdtempSync(prefix);
  restoreFolderMode(folder);
  return folder;
}

/**
 * Creates a file that only its owner can read.
 *
 * @returns the open file
 * @throws the system's error, `EEXIST` if there is anything at the path
 */
export function openPrivateFile(path: string): number {
  return asOwnerOfFolder(path, (inside, give) => {
    const file = openSync(inside, 'ax', FILE_MODE);
    if (lacks(fstatSync(file).mode, FILE_MODE)) fchmodSync(file, FILE_MODE);
    give?.(file);
    return file;
  });
}

/** As `writePrivateFile`, and waits until the file and its name are on the disk. A file that was cut is removed. */
export function keepPrivateFile(path: string, text: string): void {
  const file = openPrivateFile(path);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

/** Windows keeps names by itself, and opens no folder. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** As `openPrivateFile`, and writes the content. */
export function writePrivateFile(path: string, content: string | Uint8Array): void {
  const file = openPrivateFile(path);
  try {
    writeFileSync(file, content);
  } finally {
    closeSync(file);
  }
}

function restoreFolderMode(folder: string): void {
  if (lacks(statSync(folder).mode, FOLDER_MODE)) chmodSync(folder, FOLDER_MODE);
}

/** Not on Windows, which has no such modes. */
function lacks(mode: number, needed: number): boolean {
  return process.platform !== 'win32' && (mode & needed) !== needed;
}

/**
 * Creates something in a folder. As root, it goes to the owner of the folder, by descriptors alone: the owner could put
 * a link to another folder in its place between two looks at its path, and would get what root made there.
 *
 * @param create gets the path, and what gives an open file to the owner of the folder; null: it is this user's anyway
 */
function asOwnerOfFolder<Result>(
  path: string,
  create: (path: string, give: ((file: number) => void) | null) => Result,
): Result {
  if (process.geteuid?.() !== 0 || process.platform !== 'linux') return create(path, null);
  const folder = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const { uid, gid } = fstatSync(folder);
    const give = uid === 0 ? null : (file: number) => fchownSync(file, uid, gid);
    return create(join(`/proc/self/fd/${folder}`, basename(path)), give);
  } finally {
    closeSync(folder);
  }
}
