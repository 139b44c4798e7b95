import { closeSync, linkSync, openSync, rmSync } from 'node:fs';
import { dirname, extname } from 'node:path';
import type { Connection } from '../connection.ts';
import { syncPath } from '../sync-path.ts';

/** No clock makes more copies in one second. */
const COPIES_MAX = 100;

/**
 * Makes a whole, consistent copy of a database beside it, readable by its owner alone. It gets its name when it is complete
 * and on the disk: what a crash leaves has another one, and the next copy takes its place.
 *
 * @param db a connection without an open transaction
 * @returns the path of the copy; nothing that was there is overwritten
 */
export function copyFile(db: Connection, path: string, at: number): string {
  const unfinished = `${path}.copying`;
  rmSync(unfinished, { force: true });
  // SQLite writes into an empty file as it is, and so keeps its mode; it does not sync what it wrote.
  closeSync(openSync(unfinished, 'wx', 0o600));
  try {
    db.prepare('VACUUM INTO ?').run(unfinished);
    syncPath(unfinished);
    const copy = named(unfinished, path, at);
    syncPath(dirname(path));
    return copy;
  } finally {
    rmSync(unfinished, { force: true });
  }
}

/** A link fails where there is something; renaming would replace it. */
function named(unfinished: string, path: string, at: number): string {
  const extension = extname(path);
  const time = new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  const stem = `${path.slice(0, path.length - extension.length)}.legacy-${time}Z`;
  for (let nth = 1; ; nth += 1) {
    const copy = `${stem}${nth === 1 ? '' : `-${nth}`}${extension}`;
    try {
      linkSync(unfinished, copy);
      return copy;
    } catch (error) {
      if (nth === COPIES_MAX || (error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
