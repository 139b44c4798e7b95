import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Sample } from './sample.ts';

/** The product; the floor with SQLite's own busy handler; the floor with retries from a timer, as the product does them. */
export const CONTESTANTS = ['ours', 'floor-waiting', 'floor-retrying'] as const;
export type Contestant = (typeof CONTESTANTS)[number];

/** What a worker process is told: first what to open, then (all being ready) to go on for so long. */
export type Order = { readonly open: Assignment } | { readonly goForMs: number };
/** What it answers: that it is open and warm, then what it did. */
export type Answer = { readonly ready: true } | Served;

export interface Served {
  readonly unitsPerSecond: number;
  /** The unit that waited longest, in milliseconds. */
  readonly longestMs: number;
}

export interface Assignment {
  readonly contestant: Contestant;
  readonly path: string;
  readonly sample: Sample;
  readonly process: number;
}

const DURATION_MS = 2_000;

/** What was served to each of several processes that work on one store at the same time. */
export async function servedByEach({
  processes,
  ...assignment
}: Omit<Assignment, 'process'> & { processes: number }): Promise<Served[]> {
  const workers = Array.from({ length: processes }, () => fork(fileURLToPath(new URL('worker.ts', import.meta.url))));
  try {
    await Promise.all(workers.map((worker, process) => ask(worker, { open: { ...assignment, process } })));
    const answers = await Promise.all(workers.map((worker) => ask(worker, { goForMs: DURATION_MS })));
    return answers.filter((answer) => 'longestMs' in answer);
  } finally {
    await Promise.all(workers.map(stopped));
  }
}

async function ask(worker: ChildProcess, order: Order): Promise<Answer> {
  worker.send(order);
  const ended = once(worker, 'exit').then(([code]) => Promise.reject(new Error(`a worker ended with ${String(code)}`)));
  const [answer] = (await Promise.race([once(worker, 'message'), ended])) as [Answer];
  ended.catch(() => {});
  return answer;
}

async function stopped(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  const exit = once(worker, 'exit');
  worker.disconnect();
  await exit;
}
