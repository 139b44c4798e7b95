/** A worker in a process of its own: saves a checkpoint for each step, and continues when the test says so. */
import { leave, settings, tell, told } from '../../../storage-sqlite/test/programs/parent.ts';
import { createWorker, openOrchestrator, ownProcess, stopOnSignals, type Work } from '../../src/index.ts';

const { url, agent, ttlMs, graceMs, steps, isKnown } = settings() as {
  readonly url: string;
  readonly agent: string;
  readonly ttlMs: number;
  readonly graceMs: number;
  /** After so many it waits. */
  readonly steps: number;
  /** Whether its leases record its process. */
  readonly isKnown: boolean;
};

const identity = isKnown ? ownProcess() : null;
const orchestrator = await openOrchestrator(url, identity === null ? {} : { process: identity });
const worker = createWorker({ orchestrator, agent, ttlMs, staleAfterMs: ttlMs, handler });
stopOnSignals(worker, { graceMs });
process.once('SIGTERM', () => tell('stopping'));
tell('ready');
await worker.done;
await orchestrator[Symbol.asyncDispose]();
leave();

async function handler({ task, context, checkpoint, signal }: Work) {
  let step = Number(context?.data ?? 0);
  tell('began', { task: task.id, step });
  for (; step < steps; step += 1) await checkpoint({ nextAction: `step ${step + 1}`, data: step + 1 });
  tell('waits', { step });
  await Promise.race([told('continue'), aborted(signal)]);
  if (!signal.aborted) return { step };
  const refused = await checkpoint({ nextAction: 'what was meant to happen' }).then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.name : String(error)),
  );
  tell('aborted', { reason: signal.reason.reason, refused });
  throw signal.reason;
}

async function aborted(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
}
