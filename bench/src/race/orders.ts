import type { ContestantName } from '../contestants/catalogue.ts';
import type { Seat, Tally } from '../contestants/contestant.ts';

/** What a process is told; it answers each order before the next is given. */
export type Order =
  | { readonly is: 'open'; readonly contestant: ContestantName; readonly seat: Seat }
  /** So many tasks, numbered from `first`. */
  | { readonly is: 'enqueue'; readonly first: number; readonly tasks: number }
  /** Answered when the process has handled a task for each of its callers. */
  | { readonly is: 'start' }
  | { readonly is: 'count' }
  | { readonly is: 'stop' }
  | { readonly is: 'finish' }
  | { readonly is: 'tally' }
  | { readonly is: 'close' };

export interface Answers {
  readonly open: null;
  readonly enqueue: Enqueued;
  readonly start: null;
  readonly count: Counted;
  readonly stop: Worked;
  readonly finish: { readonly tasks: Float64Array };
  readonly tally: Tally;
  readonly close: null;
}

export type Answer = Answers[Order['is']];

/** What a process sends back. */
export type Reply =
  | { readonly is: 'answer'; readonly answer: Answer }
  | { readonly is: 'error'; readonly message: string };

export interface Enqueued {
  /** How long the calls took. */
  readonly elapsedMs: number;
}

/** How far a process is since it was started last; times are by `now()`. */
interface Counted {
  readonly handled: number;
  /** When it had handled a task for each of its callers. */
  readonly begunAt: number;
  readonly lastAt: number;
}

/** What one process did since it was started last. */
export interface Worked {
  /** By `now()`: when it had handled a task for each of its callers. */
  readonly begunAt: number;
  /** By `now()`, in the order of the calls. */
  readonly handledAt: Float64Array;
  readonly tasks: Float64Array;
  /** Processor time of the whole process meanwhile. */
  readonly cpuMs: number;
}

/** Carries out orders: a process of its own, or a stand-in. */
export interface Carrier extends AsyncDisposable {
  /** @throws if it could not be carried out */
  ask<O extends Order>(order: O): Promise<Answers[O['is']]>;
}
