/** Hears the number of each task, when its handler would be called. */
export type OnTask = (task: number) => void;

/** A queue that a process of its own has open. */
export interface Contestant {
  /** Adds one portion of tasks in one call. */
  enqueue(tasks: readonly number[]): Promise<void>;
  /** Begins to claim, handle and complete tasks, in the way that users of this queue do. */
  start(onTask: OnTask): Promise<void>;
  /** Ends the work after the tasks at hand. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** Whether a commit survives a power cut. */
export type Synchronous = 'FULL' | 'NORMAL';

/** What a contestant has to work on. */
export interface Seat {
  /** `sqlite:PATH`, or of a database on the server. */
  readonly url: string;
  /** Of a file. Postgres waits for the disk at each commit, for all contestants. */
  readonly synchronous: Synchronous;
  /** How many loops claim and complete at the same time. */
  readonly callers: number;
  /** Whether the store is empty, and its tables have to be made. */
  readonly isFirst: boolean;
}

export function pathOf(url: string): string {
  return url.slice('sqlite:'.length);
}
