import { generateKeyPairSync, sign } from 'node:crypto';

/** An Ed25519 key: its public half as the registry holds it, and what it signs. */
export interface Key {
  readonly publicKey: string;
  sign(bytes: Uint8Array): string;
}

export function newKey(): Key {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return {
    publicKey: publicKey.export({ format: 'jwk' }).x ?? '',
    sign: (bytes) => sign(null, bytes, privateKey).toString('base64url'),
  };
}
