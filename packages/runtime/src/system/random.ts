import { randomFillSync } from 'node:crypto';

/** The system gives so many at once for the price of a few: a call costs 2 µs, and each command needs some. */
const POOL_BYTES = 4_096;

const pool = new Uint8Array(POOL_BYTES);
let used = POOL_BYTES;

/**
 * Random bytes of the operating system, which no other process can know. None is given out twice.
 *
 * @param count at most 4,096
 */
export function randomBytes(count: number): Uint8Array {
  if (used + count > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = pool.slice(used, used + count);
  // What was given out stays nowhere else: the secret of a lease is made of it.
  pool.fill(0, used, used + count);
  used += count;
  return bytes;
}
