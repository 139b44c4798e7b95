import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Served } from './contender.ts';
import type { Sample } from './sample.ts';
import type { Store } from './subject.ts';

/**
 * The product; the floor on Postgres; the floor on SQLite with SQLite's own busy handler, and with retries from a
 * timer, as the product does them.
 */
export type Contestant = 'ours' | 'floor' | 'floor_waiting' | 'floor_retrying';

/**
 * What a worker process is told, and answers with what it did: first what to open, then, any number of times, to work
 * for so long.
 */
export type Order = { readonly open: Assignment } | { readonly goForMs: number };

export interface Assignment {
  readonly contestant: Contestant;
  readonly store: Store;
  readonly sample: Sample;
  readonly callers: number;
  readonly process: number;
}

/** Several processes that work on one store at the same time, whenever they are told to. */
export class Crew {
  readonly served: Served[];
  readonly #workers: readonly ChildProcess[];

  private constructor(workers: readonly ChildProcess[]) {
    this.#workers = workers;
    this.served = workers.map(() => ({ units: 0, elapsedMs: 0, longestMs: 0 }));
  }

  static async open(processes: number, assignment: Omit<Assignment, 'process'>): Promise<Crew> {
    const workers = Array.from({ length: processes }, () => fork(fileURLToPath(new URL('worker.ts', import.meta.url))));
    await Promise.all(workers.map((worker, process) => ask(worker, { open: { ...assignment, process } })));
    return new Crew(workers);
  }

  async goFor(ms: number): Promise<void> {
    const turns = await Promise.all(this.#workers.map((worker) => ask(worker, { goForMs: ms })));
    for (const [at, turn] of turns.entries()) this.served[at] = together(this.served[at] ?? turn, turn);
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#workers.map(async (worker) => {
        const exit = once(worker, 'exit');
        worker.disconnect();
        await exit;
      }),
    );
  }
}

function together(before: Served, now: Served): Served {
  return {
    units: before.units + now.units,
    elapsedMs: before.elapsedMs + now.elapsedMs,
    longestMs: Math.max(before.longestMs, now.longestMs),
  };
}

/** @throws if the worker ends instead of answering */
async function ask(worker: ChildProcess, order: Order): Promise<Served> {
  const over = new AbortController();
  const ended = once(worker, 'exit', { signal: over.signal }).then(([code]) => {
    throw new Error(`a worker ended with ${String(code)}`);
  });
  ended.catch(() => {});
  worker.send(order);
  const [answer] = (await Promise.race([once(worker, 'message'), ended])) as [Served];
  over.abort();
  return answer;
}
