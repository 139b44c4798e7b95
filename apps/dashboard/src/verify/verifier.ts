import { Worker } from 'node:worker_threads';
import type { VerifyReply, VerifyRequest } from './verify-worker.ts';

/** What the last comparison found. Times are milliseconds. */
export interface Verified {
  readonly phase: 'none' | 'running' | 'done' | 'failed';
  readonly endedAt: number | null;
  readonly events: number;
  readonly findings: readonly { readonly kind: string; readonly message: string }[];
  readonly findingCount: number;
  /** Why it failed. */
  readonly problem: string | null;
}

const NOTHING: Verified = {
  phase: 'none',
  endedAt: null,
  events: 0,
  findings: [],
  findingCount: 0,
  problem: null,
};

/** A result is used again for so long. */
const FRESH_MS = 300_000;
/** Its memory is its own; a store of any size is verified within this. */
const HEAP_MB = 96;

/**
 * Compares the log with the state in a thread of its own: it takes seconds, and would stop all answers meanwhile. One
 * at a time, and only when someone looks.
 */
export class Verifier {
  readonly #program: URL;
  readonly #request: VerifyRequest;
  readonly #clock: () => number;
  #worker: Worker | null = null;
  #last = NOTHING;

  constructor(program: URL, request: VerifyRequest, clock: () => number = Date.now) {
    this.#program = program;
    this.#request = request;
    this.#clock = clock;
  }

  /** The last result. Where there is none, or an old one, it begins anew. */
  look(): Verified {
    const { phase, endedAt } = this.#last;
    const isFresh = endedAt !== null && this.#clock() - endedAt < FRESH_MS;
    if (phase !== 'running' && !isFresh) this.#begin();
    return this.#last;
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #begin(): void {
    this.#last = { ...this.#last, phase: 'running', problem: null };
    const worker = new Worker(this.#program, {
      workerData: this.#request,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    this.#worker = worker;
    worker.once('message', (reply: VerifyReply) => this.#end({ phase: 'done', ...reply, problem: null }));
    worker.once('error', (error: Error) => this.#fail(error.message));
    worker.once('exit', () => {
      if (this.#last.phase === 'running') this.#fail('The thread ended without a result.');
    });
  }

  /** What was found before says nothing about now. */
  #fail(problem: string): void {
    this.#end({ ...NOTHING, phase: 'failed', problem });
  }

  #end(result: Partial<Verified>): void {
    this.#last = { ...this.#last, ...result, endedAt: this.#clock() };
  }
}
