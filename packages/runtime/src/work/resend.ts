import { OrchestratorError } from '@agent-orchestrator/core';
import { BackOff } from '../system/back-off.ts';
import type { Time } from '../system/time.ts';

export interface ResendOptions {
  readonly time: Time;
  readonly random?: (() => number) | undefined;
  /** Aborted: give up. */
  readonly signal: AbortSignal;
  /** The store is away, or busy; it is tried again. */
  readonly onOutage: (error: OrchestratorError, retryInMs: number) => void;
}

const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 30_000;

/**
 * Sends a command until there is an answer. `send` sends the same command id each time: an answer that was lost on the way is then
 * given again, and the command has its effect once.
 *
 * @throws what another attempt would not mend; the outage, if it was given up
 */
export async function resend<Reply>(send: () => Promise<Reply>, options: ResendOptions): Promise<Reply> {
  const { time, random, signal, onOutage } = options;
  const backOff = new BackOff({ firstMs: FIRST_PAUSE_MS, lastMs: LAST_PAUSE_MS, random });
  for (;;) {
    try {
      return await send();
    } catch (error) {
      if (signal.aborted || !(error instanceof OrchestratorError && error.retryable)) throw error;
      const ms = backOff.next();
      onOutage(error, ms);
      await pause(ms, time, signal);
      if (signal.aborted) throw error;
    }
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
