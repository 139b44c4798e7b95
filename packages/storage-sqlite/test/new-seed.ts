import { randomBytes } from 'node:crypto';

/** The seed of a claim: 128 random bits in hex. */
export function newSeed(): string {
  return randomBytes(16).toString('hex');
}
