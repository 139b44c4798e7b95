/*
 * Another process that works on the data of a case: `node child-main.js MODULE ADDRESS`, then one message per call.
 */
import process from 'node:process';
import { Orchestrator, OrchestratorError, type ClockReading } from '@agent-orchestrator/core';
import type { OpenInChild } from '../target.ts';
import { TestClock } from '../test-clock.ts';

/** The calls that a child takes: commands that name their own command id, and their seed if they claim. */
export type ChildMethod = 'claimTask' | 'enqueueTask' | 'heartbeat' | 'checkpoint' | 'releaseTask' | 'staleRecovery';

export interface ChildRequest {
  readonly id: number;
  /** The parent's clock: the child's shows the same. */
  readonly reading: ClockReading;
  readonly method: ChildMethod;
  readonly argument: unknown;
}

export interface ChildAnswer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

const [module = '', address = ''] = process.argv.slice(2);
const clock = new TestClock();
const { open } = (await import(module)) as { open: OpenInChild };
const storage = await open(address, clock);
const orchestrator = new Orchestrator({
  storage,
  newCommandId: () => {
    throw new Error('the parent gives the command ids');
  },
  newSeed: () => {
    throw new Error('the parent gives the seeds');
  },
});

async function answer({ id, reading, method, argument }: ChildRequest): Promise<ChildAnswer> {
  clock.set(reading);
  try {
    return {
      id,
      value: await (orchestrator[method] as (call: unknown) => Promise<unknown>).call(orchestrator, argument),
    };
  } catch (error) {
    const code = error instanceof OrchestratorError ? error.code : 'UNKNOWN';
    return { id, error: { code, message: String(error) } };
  }
}

process.on('message', (request: ChildRequest) => {
  void answer(request).then((reply) => process.send?.(reply));
});
process.on('disconnect', () => {
  void storage.close();
});
process.send?.({ id: 0 } satisfies ChildAnswer);
