import { createHash } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  lstatSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { makePrivateFolder, writePrivateFile } from '@agent-orchestrator/runtime/private-files';
import { Failure } from '../failure.ts';

/** A file as it was, with all that is needed to make it so again. */
export interface Snapshot {
  readonly path: string;
  /** null: there was no file. */
  readonly bytes: Buffer | null;
  readonly mode: number;
  /** What the path was a symbolic link to; null: it was none. */
  readonly link: string | null;
}

/** Hosts keep histories in their configuration, but none so large. */
const BYTES_MAX = 64 * 1024 * 1024;

/**
 * Reads a configuration file of a host.
 *
 * @param mayBeLink whether the path may be a symbolic link: in the folder of a project, what others wrote could lead
 *   anywhere
 * @throws `HOST_CONFIG_UNUSABLE` for all that is no file, or that this user cannot change
 */
export function takeSnapshot(path: string, mayBeLink: boolean): Snapshot {
  try {
    return readSnapshot(path, mayBeLink);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw unusable(path, `cannot be read: ${(error as Error).message}`, 'Correct that; then try again.');
  }
}

function readSnapshot(path: string, mayBeLink: boolean): Snapshot {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return { path, bytes: null, mode: 0o600, link: null };
  const link = found.isSymbolicLink() ? readlinkSync(path) : null;
  if (link !== null && !mayBeLink) throw unusable(path, 'is a symbolic link', 'Replace it by a file.');
  const target = statSync(path, { throwIfNoEntry: false });
  if (target === undefined) throw unusable(path, 'is a symbolic link to nothing', 'Correct the link or remove it.');
  if (!target.isFile()) throw unusable(path, 'is no file', 'Move away what is in its place.');
  if (target.size > BYTES_MAX) throw unusable(path, `is larger than ${BYTES_MAX} bytes`, 'Make it smaller.');
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch {
    throw unusable(path, 'cannot be read and written by this user', 'Change its permissions.');
  }
  return { path, bytes: readFileSync(path), mode: target.mode & 0o777, link };
}

function unusable(path: string, what: string, hint: string): Failure {
  return new Failure('HOST_CONFIG_UNUSABLE', `${path} ${what}.`, { hint });
}

/** Equal if and only if the files are: `absent`, or a hash of the bytes and of what the link says. */
export function digestOf({ bytes, link }: Snapshot): string {
  if (bytes === null) return 'absent';
  const hash = createHash('sha256').update(bytes);
  return hash.update(link === null ? '' : `\0${link}`).digest('hex');
}

/** The digest of a file as it is. */
export function digestNow(path: string): string {
  return digestOf(takeSnapshot(path, true));
}

/** Makes a file what it was, byte for byte. A crash leaves either the one or the other. */
export function restoreSnapshot({ path, bytes, mode, link }: Snapshot): void {
  if (bytes === null) {
    rmSync(path, { force: true });
    return;
  }
  if (link !== null && !lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) {
    // The host has put a file in the place of the link.
    rmSync(path, { force: true });
    symlinkSync(link, path);
  }
  const target = existsSync(path) ? realpathSync(path) : path;
  if (existsSync(target) && readFileSync(target).equals(bytes)) return;
  replaceFile(target, bytes, mode);
}

/**
 * Writes a file of this user beside the old one, and puts it in its place.
 *
 * @throws `HOST_CONFIG_UNUSABLE`
 */
export function replaceFile(path: string, bytes: Buffer | string, mode = 0o600): void {
  try {
    writeInPlace(path, bytes, mode);
  } catch (error) {
    throw unusable(path, `cannot be written: ${(error as Error).message}`, 'Correct that; then try again.');
  }
}

function writeInPlace(path: string, bytes: Buffer | string, mode: number): void {
  makePrivateFolder(dirname(path));
  const beside = `${path}.orchestrator-${process.pid}`;
  rmSync(beside, { force: true });
  writePrivateFile(beside, bytes);
  chmodSync(beside, mode);
  renameSync(beside, path);
}
