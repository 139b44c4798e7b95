import { OrchestratorError } from '@agent-orchestrator/core';
import { isBusy, translateError } from '../errors.ts';
import { described, lockHolderOf } from './lock-holder.ts';

/** The longest pause, so that a free lock is not left unused for long. */
const PAUSE_MS_MAX = 4;

/**
 * SQLite's own busy handler sleeps in ever longer steps while the event loop is blocked, and starves the process that
 * sleeps longest. Here no process waits inside SQLite (`busy_timeout=0`): a timer tries a busy lock again. The pause is
 * random, and its maximum grows with each failed try, because a try takes processor time from the process that holds
 * the lock. With four writers, `npm run bench -- --case sqlite-four-processes` prints the share of the one that did
 * least, for this and for SQLite's own waiting.
 */
export function busyPause(triesInVain: number, resume: () => void): void {
  setTimeout(resume, 1 + Math.random() * Math.min(2 ** triesInVain, PAUSE_MS_MAX));
}

/**
 * Runs `attempt` until the lock is free.
 *
 * @param path of the store, so that the error can name the process that keeps it
 */
export async function retryWhileBusy<R>(timeoutMs: number, attempt: () => R, path?: string): Promise<R> {
  const giveUpAt = performance.now() + timeoutMs;
  for (let triesInVain = 0; ; triesInVain += 1) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw translateError(error);
      if (performance.now() >= giveUpAt) throw storeBusy(timeoutMs, error, path);
    }
    await new Promise<void>((resume) => busyPause(triesInVain, resume));
  }
}

export function storeBusy(timeoutMs: number, cause: unknown, path?: string): OrchestratorError {
  const holder = path === undefined ? null : lockHolderOf(path);
  if (holder === null)
    return new OrchestratorError('STORE_BUSY', `Another process kept the store locked for more than ${timeoutMs} ms.`, {
      cause,
    });
  return new OrchestratorError(
    'STORE_BUSY',
    `The store was locked for more than ${timeoutMs} ms, now by ${described(holder)}.`,
    { hint: 'Try again; if it happens again, look at what that process does, and end it.', cause },
  );
}
