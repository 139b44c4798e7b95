import { generateKeyPairSync, sign } from 'node:crypto';

/** An Ed25519 key of an agent: the public half as the registry holds it, and what the private half signs. */
export interface SigningKey {
  readonly publicKey: string;
  readonly sign: (bytes: Uint8Array) => string;
}

export function newSigningKey(): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return {
    publicKey: publicKey.export({ format: 'jwk' }).x ?? '',
    sign: (bytes) => sign(null, bytes, privateKey).toString('base64url'),
  };
}
