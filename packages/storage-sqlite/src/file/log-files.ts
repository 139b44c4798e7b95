import { statSync } from 'node:fs';
import { OrchestratorError } from '@agent-orchestrator/core';
import { isThere } from './is-there.ts';
import { described, userOf } from './lock-holder.ts';

/*
 * A database and the files of its log belong together. SQLite deletes a log that it finds beside an empty database, and
 * begins a new log where it finds none, whichever process still works with the old one.
 */

/** Of the files beside the database, those that stay as long as a process has it open. */
export const LOG_FILES = ['-wal', '-shm'] as const;

/** What holds commits that are not in the database. */
const WITH_COMMITS = ['-wal', '-journal'] as const;

/** So long at most a process has the database open without the files of its log, while it opens or closes it. */
const ON_THE_WAY_MS = 5_000;
const PAUSE_MS = 20;

/**
 * Refuses to make a database where the log of another one lies: that one was moved away, or deleted.
 *
 * @throws `STORE_REPLACED`
 */
export function assertNoLogAt(path: string, suffixes: readonly string[] = WITH_COMMITS): void {
  const found = suffixes.find((suffix) => bytesOf(path + suffix) > 0);
  if (found === undefined || bytesOf(path) > 0) return;
  throw new OrchestratorError(
    'STORE_REPLACED',
    `${path}${found} is there, and its database is not: it was moved or deleted. A new one would delete ` +
      'that log, and with it what was committed.',
    { hint: `Put the database back to ${path}. If you do not need it, remove ${path}${found}.` },
  );
}

/**
 * Refuses a database that another process has open, and whose log is gone: this process would begin another one, and
 * neither would see what the other one commits.
 *
 * @throws `STORE_REPLACED`
 */
export async function assertLogNotLost(path: string, busyTimeoutMs: number): Promise<void> {
  const giveUpAt = performance.now() + Math.min(busyTimeoutMs, ON_THE_WAY_MS);
  for (;;) {
    // A process that makes the tables has no log yet: as long as it takes, the file is empty, or has a journal.
    const isBeingMade = bytesOf(path) === 0 || isThere(`${path}-journal`);
    const lost = isBeingMade ? undefined : LOG_FILES.find((suffix) => !isThere(path + suffix));
    const user = lost === undefined ? null : userOf(path);
    if (user === null) return;
    if (performance.now() >= giveUpAt)
      throw new OrchestratorError(
        'STORE_REPLACED',
        `${path}${lost} is missing, while ${described(user)} has the store open.`,
        { hint: 'Put the file back, if it was moved. Else end that process, and try again.' },
      );
    await new Promise((resume) => setTimeout(resume, PAUSE_MS));
  }
}

function bytesOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
