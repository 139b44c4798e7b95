import { OrchestratorError } from '@agent-orchestrator/core';
import { isBusy, translateError } from '../errors.ts';
import { described, lockHolderOf } from './lock-holder.ts';

/** A pause is random between the two. */
type Pause = readonly [leastMs: number, mostMs: number];

/**
 * The pauses of a process that had the lock a moment ago, one for each try. The first is short: who has the lock may
 * have a single call. Who still has it then has more to do, and can do it before the next change of hands: each
 * costs, because SQLite drops the pages that it had in memory. Then the pauses get shorter, so that who waits longest
 * comes next.
 */
const AFTER_WORK: readonly Pause[] = [
  [1, 2],
  [6, 10],
  [3, 6],
];
/** Of all others, and later: so that a free lock is not left unused for long. */
const SHORT: Pause = [1, 3];

/**
 * SQLite's own busy handler sleeps in ever longer steps while the event loop is blocked, and starves the process that
 * sleeps longest. Here no process waits inside SQLite (`busy_timeout=0`): a timer tries a busy lock again. A try takes
 * processor time from the process that holds the lock, and can take the lock from it between two units of work. With
 * four writers, `npm run bench -- --case sqlite-four-processes` prints the share of the one that did least, for this
 * and for SQLite's own waiting.
 */
export function busyPause(resume: () => void, [leastMs, mostMs]: Pause = SHORT): void {
  setTimeout(resume, leastMs + Math.random() * (mostMs - leastMs));
}

/** The pause of a process that had the lock a moment ago. @param triesInVain since then */
export function pauseAfterWork(triesInVain: number): Pause {
  return AFTER_WORK[triesInVain] ?? SHORT;
}

/**
 * Runs `attempt` until the lock is free.
 *
 * @param path of the store, so that the error can name the process that keeps it
 */
export async function retryWhileBusy<R>(timeoutMs: number, attempt: () => R, path?: string): Promise<R> {
  const giveUpAt = performance.now() + timeoutMs;
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw translateError(error);
      if (performance.now() >= giveUpAt) throw storeBusy(timeoutMs, error, path);
    }
    await new Promise<void>((resume) => busyPause(resume));
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
