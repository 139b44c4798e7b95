import { OrchestratorError, timeOfUuid } from '@agent-orchestrator/core';
import { BackOff } from '../system/back-off.ts';
import type { Time } from '../system/time.ts';

export interface ResendOptions {
  readonly newCommandId: () => string;
  readonly time: Time;
  readonly random?: (() => number) | undefined;
  /** Aborted: stop trying. */
  readonly signal: AbortSignal;
  /** The store is unavailable or busy; the command is tried again. */
  readonly onOutage: (error: OrchestratorError, retryInMs: number) => void;
}

const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 30_000;

/**
 * Sends a command until it is answered. `send` gets the same command id each time: then a lost answer is given again,
 * and the command runs once.
 *
 * @throws errors that a retry cannot fix; the outage, if the signal was aborted
 */
export async function resend<Reply>(
  send: (commandId: string) => Promise<Reply>,
  options: ResendOptions,
): Promise<Reply> {
  const { newCommandId, time, random, signal, onOutage } = options;
  const id = new RenewableId(newCommandId, time);
  const backOff = new BackOff({ firstMs: FIRST_PAUSE_MS, lastMs: LAST_PAUSE_MS, random });
  for (;;) {
    try {
      return await send(id.current);
    } catch (error) {
      if (id.renewAfter(error)) continue;
      if (signal.aborted || !isRetryable(error)) throw error;
      const ms = backOff.next();
      onOutage(error, ms);
      await pause(ms, time, signal);
      if (signal.aborted) throw error;
    }
  }
}

/** Whether the same command may succeed if it is sent again. */
export function isRetryable(error: unknown): error is OrchestratorError {
  return error instanceof OrchestratorError && error.retryable;
}

const MAY_HAVE_RUN: ReadonlySet<string> = new Set(['OUTCOME_UNKNOWN', 'STORE_IO', 'JOURNAL_UNWRITABLE']);

/** Whether the command may have had its effect all the same. */
export function mayHaveRun(error: unknown): boolean {
  return error instanceof OrchestratorError && MAY_HAVE_RUN.has(error.code);
}

/**
 * The id of a command that is sent until it is answered. A store refuses an id whose time is far from that of the
 * clock, which may have been set while the command waited. Then the command gets a new id, unless it may have had its
 * effect with the old one.
 */
export class RenewableId {
  readonly #newCommandId: () => string;
  readonly #time: Pick<Time, 'read'>;
  #current: string;
  #isFresh = false;
  #mayHaveRun = false;

  constructor(newCommandId: () => string, time: Pick<Time, 'read'>) {
    this.#newCommandId = newCommandId;
    this.#time = time;
    this.#current = newCommandId();
  }

  get current(): string {
    return this.#current;
  }

  /** @returns whether the error of the last try is no obstacle any more: there is a new id */
  renewAfter(error: unknown): boolean {
    const code = error instanceof OrchestratorError ? error.code : '';
    this.#mayHaveRun ||= mayHaveRun(error);
    // A new id that is refused as well would be followed by another one for ever.
    this.#isFresh = code === 'COMMAND_ID_EXPIRED' && !this.#isFresh && !this.#isInDoubt;
    if (this.#isFresh) this.#current = this.#newCommandId();
    return this.#isFresh;
  }

  /** The receipt of an id that is ahead is still there, and would have answered. An older one may be forgotten. */
  get #isInDoubt(): boolean {
    return this.#mayHaveRun && timeOfUuid(this.#current) <= this.#time.read().wall;
  }
}

/** Resolves after `ms`, or when aborted. */
export async function pause(ms: number, time: Time, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const callOff = time.after(ms, resolve);
  const end = () => resolve();
  signal.addEventListener('abort', end, { once: true });
  await promise;
  signal.removeEventListener('abort', end);
  callOff();
}

/** Whether the store has moved: then no later attempt can renew the lease there. */
export function hasMoved(error: unknown): error is OrchestratorError {
  return error instanceof OrchestratorError && error.code === 'STORE_MOVED';
}
