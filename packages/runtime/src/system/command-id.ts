import { v7 } from 'uuid';

/** A clock that goes back by more than this was set. A smaller step is a correction, and the ids still increase. */
const SET_BACK_MS = 1_000;

/**
 * A generator of UUIDv7s as ids of commands. An id contains the time, and ids increase as long as the clock is not set
 * back. Then the generator follows the clock: a store refuses ids that are an hour ahead of its clock.
 *
 * @param now the wall clock in milliseconds
 */
export function commandIds(now: () => number): () => string {
  let msecs = -Infinity;
  let seq = 0;
  return () => {
    const wall = Math.floor(now());
    if (wall > msecs || wall < msecs - SET_BACK_MS) {
      msecs = wall;
      seq = firstOfMillisecond();
    } else {
      seq = (seq + 1) >>> 0;
      // The counter of 32 bits is full: the next id counts in the next millisecond.
      if (seq === 0) msecs += 1;
    }
    return v7({ msecs, seq });
  };
}

/** Makes a UUIDv7 as the id of one command. */
export const newCommandId = commandIds(() => Date.now());

/** Random, because the clock may come to the same millisecond again. In the lower half: there is room to count. */
function firstOfMillisecond(): number {
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  return random >>> 1;
}
