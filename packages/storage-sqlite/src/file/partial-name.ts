import { randomBytes } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { OrchestratorError } from '@agent-orchestrator/core';

/** In any case: on some disks, all of them name the same file. */
const PARTIAL = /\.partial-[\da-f]{16}$/i;

/** The backups that this process makes, by their paths without links. */
const beingMade = new Set<string>();

/** A backup has this name until it is complete. No other user can know it before, and put a file at its place. */
export function newPartialName(place: string): string {
  return `${place}.partial-${randomBytes(8).toString('hex')}`;
}

/** This process has made the file. @returns its path without links, by which this process may open it */
export function beginPartial(path: string): string {
  const followed = realpathSync(path);
  beingMade.add(followed);
  return followed;
}

/** The backup is complete, or given up. */
export function endPartial(path: string): void {
  beingMade.delete(path);
}

/**
 * Refuses the name of an incomplete backup, whether there is such a file or not, but in the process that makes it. So
 * no process works on a file that a later backup takes for a leftover, or by a name that is a second one of a complete
 * backup.
 *
 * @throws `STORE_PARTIAL_NAME`
 */
export function assertNotPartial(path: string): void {
  if (!PARTIAL.test(path) || beingMade.has(path)) return;
  const said = `${basename(path)} is the name of a backup that is not complete.`;
  throw new OrchestratorError(
    'STORE_PARTIAL_NAME',
    said,
    existsSync(path)
      ? {}
      : { hint: 'There is no such file. Use a name without `.partial-` and 16 hex digits at its end.' },
  );
}

/** Whether a path is that of an incomplete backup to `place` that this process does not make; both without links. */
export function isPartialOfOthers(path: string, place: string): boolean {
  const [suffix] = PARTIAL.exec(path) ?? [];
  return suffix !== undefined && path === place + suffix && !beingMade.has(path);
}
