/**
 * How often a passphrase is hashed to open an encrypted key (PKCS #8 with PBES2 and PBKDF2). A file says so itself, and
 * one that another program has written could keep this process busy for hours.
 */

/** Some seconds. What this program writes is far below. */
export const KDF_ITERATIONS_MAX = 10_000_000;

/** The object identifier of PBKDF2, in DER. Behind it are its parameters: a salt, then the number. */
const PBKDF2 = Buffer.from('06092a864886f70d01050c', 'hex');
const [SEQUENCE, OCTETS, INTEGER] = [0x30, 0x04, 0x02];
/** Neither a salt nor a number in such a file is as long as that, so each length is one byte. */
const LENGTH_MAX = 0x7f;

/** The number of iterations; null: the key is protected in another way. */
export function kdfIterations(pem: string): number | null {
  const der = Buffer.from(pem.replaceAll(/-----[A-Z ]+-----|\s/gu, ''), 'base64');
  const at = der.indexOf(PBKDF2);
  if (at === -1) return null;
  const parameters = valueAt(der, at + PBKDF2.length, SEQUENCE);
  const salt = valueAt(der, parameters?.start ?? der.length, OCTETS);
  const number = valueAt(der, salt?.end ?? der.length, INTEGER);
  if (number === null || number.end - number.start > 6) return null;
  return der.readUIntBE(number.start, number.end - number.start);
}

function valueAt(der: Buffer, at: number, tag: number): { readonly start: number; readonly end: number } | null {
  const [found, length = 0] = der.subarray(at, at + 2);
  const [start, end] = [at + 2, at + 2 + length];
  return found !== tag || length === 0 || length > LENGTH_MAX || end > der.length ? null : { start, end };
}
