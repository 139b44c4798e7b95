import { setImmediate, setTimeout } from 'node:timers/promises';
import type { OnTask } from './contestant.ts';

export interface Caller {
  /** Claims, handles and completes once; tells how many tasks there were. */
  turn(onTask: OnTask): Promise<number>;
  /** Handles and completes what the last turn claimed for the next one. Left out: a turn leaves nothing. */
  finish?(onTask: OnTask): Promise<void>;
}

const PAUSE_MS = 5;
/** A loop that never waits for anything must let the process hear its parent now and then. */
const TURNS_BEFORE_YIELD = 32;

/** The loop of a contestant that brings none: several callers, each doing one turn after the other. */
export class Callers {
  readonly #callers: readonly Caller[];
  #loops: readonly Promise<void>[] = [];
  #isRunning = false;

  constructor(count: number, newCaller: () => Caller) {
    this.#callers = Array.from({ length: count }, newCaller);
  }

  async start(onTask: OnTask): Promise<void> {
    this.#isRunning = true;
    this.#loops = this.#callers.map((caller) => this.#loop(caller, onTask));
    // A failure ends the process at once instead of waiting until `stop`.
    for (const loop of this.#loops) void loop.catch(fail);
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    await Promise.all(this.#loops);
  }

  async finish(onTask: OnTask): Promise<void> {
    for (const caller of this.#callers) await caller.finish?.(onTask);
  }

  async #loop(caller: Caller, onTask: OnTask): Promise<void> {
    // A loop that waits for a lock inside SQLite must not hold up the answer that it has begun.
    await setImmediate();
    let turns = 0;
    while (this.#isRunning) {
      turns += 1;
      if ((await caller.turn(onTask)) === 0) await setTimeout(PAUSE_MS);
      else if (turns % TURNS_BEFORE_YIELD === 0) await setImmediate();
    }
  }
}

/** Ends the process with the error, from a place where no caller would hear of it. */
export function fail(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
