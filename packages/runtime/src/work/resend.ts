import { OrchestratorError } from '@agent-orchestrator/core';
import { BackOff } from '../system/back-off.ts';
import type { Time } from '../system/time.ts';

export interface ResendOptions {
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
 * Sends a command until it is answered. `send` must send the same command id each time: then a lost answer is given
 * again, and the command runs once.
 *
 * @throws errors that a retry cannot fix; the outage, if the signal was aborted
 */
export async function resend<Reply>(send: () => Promise<Reply>, options: ResendOptions): Promise<Reply> {
  const { time, random, signal, onOutage } = options;
  const backOff = new BackOff({ firstMs: FIRST_PAUSE_MS, lastMs: LAST_PAUSE_MS, random });
  for (;;) {
    try {
      return await send();
    } catch (error) {
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
