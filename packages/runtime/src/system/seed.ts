import { randomBytes } from 'node:crypto';

/** Makes the seed of a claim: 128 random bits in hex, of which the leases' tokens are made. */
export function newSeed(): string {
  return randomBytes(16).toString('hex');
}
