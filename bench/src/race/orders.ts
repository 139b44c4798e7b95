import type { ContestantName } from '../contestants/catalogue.ts';
import type { Seat } from '../contestants/contestant.ts';

/** What a process is told; it answers each order before the next is given. */
export type Order =
  | { readonly is: 'open'; readonly contestant: ContestantName; readonly seat: Seat }
  | { readonly is: 'enqueue'; readonly tasks: number }
  | { readonly is: 'start' }
  | { readonly is: 'count' }
  | { readonly is: 'stop' }
  | { readonly is: 'close' };

export interface Answers {
  readonly open: null;
  readonly enqueue: Enqueued;
  readonly start: null;
  readonly count: { readonly handled: number };
  readonly stop: Worked;
  readonly close: null;
}

export interface Enqueued {
  /** How long the calls took. */
  readonly elapsedMs: number;
}

/** What one process did since it was started last. */
export interface Worked {
  /** By `now()`, in the order of the calls. */
  readonly handledAt: Float64Array;
  readonly tasks: Float64Array;
  /** Processor time of the whole process meanwhile. */
  readonly cpuMs: number;
}
