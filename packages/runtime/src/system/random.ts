import { randomFillSync } from 'node:crypto';

/** The system gives so many at once for the price of a few: a call costs 2 µs, and each command needs some. */
const POOL_BYTES = 4_096;

/**
 * Gives out bytes in pieces, of a pool that is filled for many of them. None is given out twice.
 *
 * @param fill fills the pool with random bytes
 */
export function pooledBytes(fill: (pool: Uint8Array) => void): (count: number) => Uint8Array {
  const pool = new Uint8Array(POOL_BYTES);
  let used = POOL_BYTES;
  return (count) => {
    if (count > POOL_BYTES) throw new RangeError(`At most ${POOL_BYTES} bytes can be drawn at once, not ${count}.`);
    if (used + count > POOL_BYTES) {
      fill(pool);
      used = 0;
    }
    const bytes = pool.slice(used, used + count);
    // What was given out stays nowhere else: the secret of a lease is made of it.
    pool.fill(0, used, used + count);
    used += count;
    return bytes;
  };
}

/**
 * Random bytes of the operating system, which no other process can know.
 *
 * @param count at most 4,096
 */
export const randomBytes = pooledBytes((pool) => randomFillSync(pool));
