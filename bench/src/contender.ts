/** A worker on an open store, which works as often as it is told to. */
export interface Contender {
  /** How many callers work at the same time, each doing one call after the other. */
  readonly callers: number;
  /** How many units one call does. */
  readonly unitsPerCall: number;
  /** One call, or one and the other that ends what it began. */
  readonly work: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** What was done, and how long it took. */
export interface Served {
  readonly units: number;
  readonly elapsedMs: number;
  /** The call that took longest, in milliseconds. */
  readonly longestMs: number;
}

/** Does so many units. */
export async function workThrough({ callers, unitsPerCall, work }: Contender, units: number): Promise<void> {
  let left = units;
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= unitsPerCall;
      await work();
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
}

/** Works for so long. */
export async function workFor({ callers, unitsPerCall, work }: Contender, durationMs: number): Promise<Served> {
  const start = performance.now();
  let [units, longestMs, end] = [0, 0, start];
  const caller = async (): Promise<void> => {
    for (let last = performance.now(); last - start < durationMs;) {
      await work();
      const now = performance.now();
      longestMs = Math.max(longestMs, now - last);
      last = now;
      end = now;
      units += unitsPerCall;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { units, elapsedMs: end - start, longestMs };
}
