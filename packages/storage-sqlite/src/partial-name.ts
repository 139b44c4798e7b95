import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import { OrchestratorError } from '@agent-orchestrator/core';

const PARTIAL = /\.partial-(\d+)-[\da-f]{16}$/;

/** A backup has this name until it is complete. No other user can know it before, and put a file at its place. */
export function newPartialName(place: string): string {
  return `${place}.partial-${process.pid}-${randomBytes(8).toString('hex')}`;
}

/**
 * Refuses a file that has the name of an incomplete backup, but in the process that makes it. So nobody works on a file
 * that a later backup takes for a leftover, or by a name that is a second one of a complete backup.
 *
 * @throws `STORE_PARTIAL_NAME`
 */
export function assertNotPartial(path: string): void {
  const [, pid] = PARTIAL.exec(path) ?? [];
  if (pid === undefined || Number(pid) === process.pid) return;
  throw new OrchestratorError(
    'STORE_PARTIAL_NAME',
    `${basename(path)} has the name of a backup that is not complete.`,
    {
      hint: 'Begin a new backup. If the file is a store of yours, rename it, with its -wal file if there is one.',
    },
  );
}

/** Whether `name` is that of an incomplete backup to `place` whose process has ended. */
export function isLeftover(name: string, place: string): boolean {
  const [suffix, pid] = PARTIAL.exec(name) ?? [];
  return suffix !== undefined && name === place + suffix && !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
