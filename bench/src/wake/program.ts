/** An idle worker in a process of its own: tells how long each task was on its way, and what waiting costs. */
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { createWorker, openOrchestrator, type Work } from '@agent-orchestrator/runtime';
import { now } from '../now.ts';
import type { FromWorker, ToWorker } from './worker-process.ts';

const orchestrator = await openOrchestrator(process.argv[2]);
const worker = createWorker({ orchestrator, agent: 'bench', handler });
process.on('message', (message: ToWorker) => void idle(message));
process.once('disconnect', () => void end());
tell({ is: 'ready' });

function handler({ task }: Work): void {
  const { sentAt } = task.payload as { readonly sentAt: number };
  tell({ is: 'began', afterMs: now() - sentAt });
}

async function idle({ idleMs }: ToWorker): Promise<void> {
  const before = process.cpuUsage();
  await setTimeout(idleMs);
  const { user, system } = process.cpuUsage(before);
  tell({ is: 'idled', cpuMs: (user + system) / 1_000 });
}

async function end(): Promise<void> {
  await worker.stop();
  await orchestrator[Symbol.asyncDispose]();
}

function tell(message: FromWorker): void {
  process.send?.(message);
}
