import { sha256 } from './sha256.ts';

/*
 * The token of a lease is its secret: whoever has it is the holder. It is made of the claim's seed and the fence, so a claim
 * that is repeated after a lost answer gives the same token, and the store keeps only its hash.
 */

/** Hex digits of the secret part: 128 bits. */
const SECRET_DIGITS = 32;

/** `<fence>-<32 hex digits>`. */
export const TOKEN = /^[1-9]\d{0,15}-[0-9a-f]{32}$/;

/** The seed of a claim: 128 random bits in hex. It is never stored. */
export const SEED = /^[0-9a-f]{32}$/;

/** The token of the lease that a claim with this seed was granted under this fence. */
export function tokenFor(seed: string, fence: number): string {
  return `${fence}-${sha256(`${seed}:${fence}`).slice(0, SECRET_DIGITS)}`;
}

/** The fence that a token names. It is public, and proves nothing. */
export function fenceOf(token: string): number {
  return Number(token.slice(0, token.indexOf('-')));
}

/** What the store keeps of a token: SHA-256 of the whole text, in hex. */
export function tokenHash(token: string): string {
  return sha256(token);
}
