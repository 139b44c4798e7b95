import { sha256 } from './sha256.ts';

/*
 * The token of a lease is its secret: a caller that has it is the holder. It is made from the claim's seed and the
 * fence. So a claim that is repeated after a lost answer gives the same token, and the store keeps only its hash.
 */

/** Hex digits of the secret part: 128 bits. */
const SECRET_DIGITS = 32;

/** `<fence>-<32 hex digits>`. */
export const TOKEN = /^[1-9]\d{0,15}-[0-9a-f]{32}$/;

/** Has the form of a token, and was never granted: for a call that is only checked. */
export const NO_TOKEN = `1-${'0'.repeat(SECRET_DIGITS)}`;

/** The seed of a claim: 128 random bits in hex. It is never stored. */
export const SEED = /^[0-9a-f]{32}$/;

/** The token of the lease with this fence, of a claim with this seed. */
export function tokenFor(seed: string, fence: number): string {
  const digits = String(fence);
  return `${digits}-${sha256(`${seed}:${digits}`).slice(0, SECRET_DIGITS)}`;
}

/** The fence in a token. It is public and proves nothing. */
export function fenceOf(token: string): number {
  return Number(token.slice(0, token.indexOf('-')));
}

/** The hash of a token, which the store keeps: SHA-256 of the whole text, in hex. */
export function tokenHash(token: string): string {
  return sha256(token);
}
