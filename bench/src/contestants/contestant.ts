/** Hears the number of each task, when its handler would be called. */
export type OnTask = (task: number) => void;

/** What a queue says itself about its tasks, once all of its processes have finished. */
export interface Tally {
  /** null: the queue deletes what is done. */
  readonly done: number | null;
  /** Claimed by no process yet. */
  readonly waiting: number;
  /** Claimed, and neither done nor failed. */
  readonly held: number;
  readonly failed: number;
}

/** A queue that a process of its own has open. */
export interface Contestant {
  /** Adds one portion of tasks in one call. */
  enqueue(tasks: readonly number[]): Promise<void>;
  /** Begins, or continues, to claim, handle and complete tasks, in the way that users of this queue do. */
  start(onTask: OnTask): Promise<void>;
  /** Pauses the work after the tasks at hand. Connections stay open. */
  stop(): Promise<void>;
  /** Handles and completes what is still held, and nothing more. */
  finish(onTask: OnTask): Promise<void>;
  tally(): Promise<Tally>;
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
  /** How many processes share the store. */
  readonly processes: number;
  /** Whether the store is empty, and its tables have to be made. */
  readonly isFirst: boolean;
}

export type Open = (seat: Seat) => Promise<Contestant>;

export function pathOf(url: string): string {
  return url.slice('sqlite:'.length);
}
