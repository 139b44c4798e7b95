import { closeSync, constants, existsSync, fchownSync, mkdirSync, openSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/*
 * Files and folders that only one user can read. Root may work with the HOME of a user (`sudo` keeps it): what it makes
 * there belongs to that user, or the user would be locked out of its own state.
 */

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
    mkdirSync(folder, { mode: 0o700 });
    giveFolder(folder);
  } catch (error) {
    // Another process may have created it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return [folder, ...above];
}

/**
 * Creates a file that only its owner can read.
 *
 * @returns the open file
 * @throws the system's error, `EEXIST` if there is anything at the path
 */
export function openPrivateFile(path: string): number {
  const file = openSync(path, 'ax', 0o600);
  give(file, dirname(path));
  return file;
}

/** As `openPrivateFile`, and writes the text. */
export function writePrivateFile(path: string, text: string): void {
  const file = openPrivateFile(path);
  try {
    writeFileSync(file, text);
  } finally {
    closeSync(file);
  }
}

/** By its descriptor: the owner of the folder could put another file in its place meanwhile. */
function give(file: number, folder: string): void {
  const { uid, gid } = statSync(folder);
  if (isRoot() && uid !== 0) fchownSync(file, uid, gid);
}

function giveFolder(path: string): void {
  if (!isRoot()) return;
  const file = openSync(path, constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    give(file, dirname(path));
  } finally {
    closeSync(file);
  }
}

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}
