/**
 * How often a passphrase is hashed to open an encrypted key (PKCS #8 with PBES2 and PBKDF2). A file says so itself, and
 * one that another program has written could keep this process busy for hours. So every value is read at its place in
 * the one form of such files: what merely looks like the number, elsewhere in the file, is none.
 */

/** Some seconds. What this program writes is far below. */
export const KDF_ITERATIONS_MAX = 10_000_000;

const PEM = /^-----BEGIN ENCRYPTED PRIVATE KEY-----\n([A-Za-z0-9+/=\n]+)\n-----END ENCRYPTED PRIVATE KEY-----\n*$/u;
/** Object identifiers in DER: of PBES2, and of PBKDF2. */
const PBES2 = Buffer.from('06092a864886f70d01050d', 'hex');
const PBKDF2 = Buffer.from('06092a864886f70d01050c', 'hex');
const [SEQUENCE, OCTETS, INTEGER] = [0x30, 0x04, 0x02];
/** The first byte of a length that has another byte. No other length is longer than a byte. */
const ONE_MORE_BYTE = 0x81;

/** The bytes of an encrypted key; null: the text is anything else, or more. */
export function encryptedKey(pem: string): Buffer | null {
  const [, text] = PEM.exec(pem.replaceAll('\r\n', '\n')) ?? [];
  return text === undefined ? null : Buffer.from(text, 'base64');
}

/** The number of iterations; null: the key is protected in another way. */
export function kdfIterations(key: Buffer): number | null {
  const scheme = first(first(key, SEQUENCE)?.value, SEQUENCE)?.value;
  const kdf = first(first(behind(scheme, PBES2), SEQUENCE)?.value, SEQUENCE)?.value;
  const parameters = first(behind(kdf, PBKDF2), SEQUENCE)?.value;
  const number = first(first(parameters, OCTETS)?.rest, INTEGER)?.value;
  if (number === undefined || number.length > 6) return null;
  return number.readUIntBE(0, number.length);
}

/** The value with this tag that the bytes begin with, and what is behind it; undefined: they begin otherwise. */
function first(bytes: Buffer | undefined, tag: number): { readonly value: Buffer; readonly rest: Buffer } | undefined {
  if (bytes === undefined || bytes[0] !== tag) return undefined;
  const [start, length = 0] = bytes[1] === ONE_MORE_BYTE ? [3, bytes[2]] : [2, bytes[1]];
  const end = start + length;
  if (length === 0 || (start === 2 && length >= ONE_MORE_BYTE - 1) || end > bytes.length) return undefined;
  return { value: bytes.subarray(start, end), rest: bytes.subarray(end) };
}

function behind(bytes: Buffer | undefined, start: Buffer): Buffer | undefined {
  return bytes?.subarray(0, start.length).equals(start) === true ? bytes.subarray(start.length) : undefined;
}
