import { linkSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { writePrivateFile } from './private-files.ts';

/* Private files with one JSON value each. A reader sees a whole one, or none. */

/** The value of a private file of ours; null: there is none. */
export function readPrivateFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

/** Replaces a private file at once. */
export function replacePrivateFile(path: string, value: unknown): void {
  renameSync(writeBeside(path, value), path);
}

/** Writes a private file unless there is one: of two writers at the same moment, one does. */
export function settlePrivateFile(path: string, value: unknown): void {
  const beside = writeBeside(path, value);
  try {
    linkSync(beside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    // A file system without links: the last one decides.
    replacePrivateFile(path, value);
  } finally {
    rmSync(beside, { force: true });
  }
}

function writeBeside(path: string, value: unknown): string {
  const beside = `${path}.${process.pid}.new`;
  rmSync(beside, { force: true });
  writePrivateFile(beside, `${JSON.stringify(value)}\n`);
  return beside;
}
