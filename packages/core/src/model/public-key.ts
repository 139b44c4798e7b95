/** The length of a public key as text: base64url of the 32 bytes of an Ed25519 key. */
export const PUBLIC_KEY_CHARACTERS = 43;

/** A public key, and a signature by one, as base64url. */
export const PUBLIC_KEY = new RegExp(`^[A-Za-z0-9_-]{${PUBLIC_KEY_CHARACTERS}}$`, 'u');
export const SIGNATURE = /^[A-Za-z0-9_-]{86}$/u;
