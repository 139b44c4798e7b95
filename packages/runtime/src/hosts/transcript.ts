import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** How much of its end is read: the last turn of nearly every session, in some milliseconds. */
const TAIL_BYTES = 256 * 1024;

/**
 * The last entries of a host's transcript, oldest first. Hosts write one JSON document a line; one that is cut, or that
 * a later version writes in another way, is left out.
 *
 * @returns empty if it is no file, or cannot be read
 */
export function lastEntries(path: string): unknown[] {
  return tailOf(path)
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as unknown];
      } catch {
        return [];
      }
    });
}

function tailOf(path: string): string {
  let file: number | undefined;
  try {
    // Of a pipe without a writer, to open it alone would never end.
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = fstatSync(file);
    if (!stats.isFile()) return '';
    const { size } = stats;
    const length = Math.min(size, TAIL_BYTES);
    const bytes = Buffer.alloc(length);
    return bytes.toString('utf8', 0, readSync(file, bytes, 0, length, size - length));
  } catch {
    return '';
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
