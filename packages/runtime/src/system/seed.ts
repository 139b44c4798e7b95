import { randomBytes } from './random.ts';

/** Makes the seed of a claim: 128 random bits in hex. The tokens of its leases are derived from it. */
export function newSeed(): string {
  return Buffer.from(randomBytes(16)).toString('hex');
}
