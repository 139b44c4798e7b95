import { randomBytes } from 'node:crypto';

/** Makes the seed of a claim: 128 random bits in hex. The tokens of its leases are derived from it. */
export function newSeed(): string {
  return randomBytes(16).toString('hex');
}
