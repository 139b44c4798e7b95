/**
 * The private halves of the keys that sign verdicts: each in a file of its own, which only this user can read, and
 * encrypted with a passphrase. A file is named after its key, so a new key of an agent never replaces an old one.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, rmSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { keyFingerprint, OrchestratorError } from '@agent-orchestrator/core';
import type { Environment } from './environment.ts';
import { encryptedKey, KDF_ITERATIONS_MAX, kdfIterations } from './key-cost.ts';
import { keepPrivateFile, makePrivateFolder } from './private-files.ts';
import { stateFolder } from './state-folder.ts';

/** A key that was made: the public half, and the file with the private half. */
export interface MadeKey {
  /** As the registry holds it: base64url of 32 bytes. */
  readonly publicKey: string;
  readonly fingerprint: string;
  readonly path: string;
  /** Removes the file again: the registry did not take the key. */
  discard(): void;
}

/** Signs bytes: the signature as base64url. */
export type Signer = (bytes: Uint8Array) => string;

const FILE_BYTES_MAX = 16_384;
const OTHERS = 0o077;

/** Where the private half of a key is on this machine, if it is. */
export function keyPath(publicKey: string, env?: Environment): string {
  return join(stateFolder(env), 'orchestrator-keys', `${keyFingerprint(publicKey)}.pem`);
}

/** What is in the place of the private half of a key. */
export interface KeyFile {
  readonly path: string;
  /** In a sentence: what keeps it from being used, as far as it shows without the passphrase; null: nothing. */
  readonly problem: string | null;
}

/** What is in the place of the private half of a key on this machine; null: nothing is there. */
export function keyFileHere(publicKey: string): KeyFile | null {
  const path = keyPath(publicKey);
  try {
    lockedKey(path);
    return { path, problem: null };
  } catch (error) {
    if (!(error instanceof OrchestratorError)) throw error;
    return error.code === 'KEY_NOT_FOUND' ? null : { path, problem: error.message };
  }
}

/**
 * Makes an Ed25519 key and writes its private half: PKCS #8, encrypted by AES-256 with the passphrase. The file is on
 * the disk when this returns: the key is registered only then.
 *
 * @throws `KEY_UNREADABLE` if the file cannot be written
 */
export function makeKey(passphrase: string): MadeKey {
  const { publicKey: publicHalf, privateKey } = generateKeyPairSync('ed25519');
  const publicKey = textOf(publicHalf);
  const path = keyPath(publicKey);
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }).toString();
  try {
    makePrivateFolder(dirname(path));
    keepPrivateFile(path, pem);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new OrchestratorError('KEY_UNREADABLE', `No key was made: ${path} cannot be written: ${code}.`, {
      cause: error,
      hint: `Let your user write in ${dirname(path)}, and make the key again.`,
    });
  }
  return { publicKey, fingerprint: keyFingerprint(publicKey), path, discard: () => rmSync(path) };
}

/**
 * Opens the private half of a key.
 *
 * @throws `KEY_NOT_FOUND`, `KEY_UNREADABLE`, `PASSPHRASE_WRONG`
 */
export function openKey(publicKey: string, passphrase: string): Signer {
  const path = keyPath(publicKey);
  const key = decrypted(path, lockedKey(path), passphrase);
  if (key.asymmetricKeyType !== 'ed25519' || textOf(createPublicKey(key)) !== publicKey)
    throw new OrchestratorError('KEY_UNREADABLE', `The file ${path} has another key than its name says.`);
  return (bytes) => sign(null, bytes, key).toString('base64url');
}

function decrypted(path: string, der: Buffer, passphrase: string): KeyObject {
  try {
    // The bytes that were looked at, and not the text: another reader may find another key in it.
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8', passphrase });
  } catch {
    // The cause is left out: it says nothing more, and errors of a key stay out of logs.
    throw new OrchestratorError('PASSPHRASE_WRONG', `The passphrase does not open the key in ${path}.`);
  }
}

/** The encrypted key in a file, if it can be opened within bounds. */
function lockedKey(path: string): Buffer {
  const der = encryptedKey(readKeyFile(path));
  if (der === null)
    throw new OrchestratorError('KEY_UNREADABLE', `The file ${path} is no private key with a passphrase.`);
  const iterations = kdfIterations(der);
  if (iterations !== null && iterations <= KDF_ITERATIONS_MAX) return der;
  throw new OrchestratorError(
    'KEY_UNREADABLE',
    iterations === null
      ? `The key in ${path} is not protected by PBKDF2.`
      : `To open the key in ${path}, its passphrase is hashed ${iterations} times: more than ${KDF_ITERATIONS_MAX}.`,
  );
}

function readKeyFile(path: string): string {
  try {
    // Without waiting for a writer, if it is a pipe.
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const problem = problemOf(fstatSync(file));
      if (problem !== null) throw new OrchestratorError('KEY_UNREADABLE', `The file ${path} ${problem}.`);
      return readFileSync(file, 'utf8');
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error instanceof OrchestratorError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new OrchestratorError('KEY_NOT_FOUND', `The private half of the key is not on this machine: no ${path}.`);
    throw new OrchestratorError('KEY_UNREADABLE', `The file ${path} cannot be read: ${code}.`, { cause: error });
  }
}

/** What keeps a file from being used as a key; null: nothing. Windows has no such modes. */
function problemOf(status: Stats): string | null {
  if (!status.isFile()) return 'is not a regular file';
  if (status.size > FILE_BYTES_MAX) return `is larger than ${FILE_BYTES_MAX} bytes`;
  const user = process.getuid?.();
  if (user === undefined) return null;
  if (user !== 0 && status.uid !== user) return 'belongs to another user';
  return (status.mode & OTHERS) === 0 ? null : 'can be read or written by other users';
}

function textOf(publicHalf: KeyObject): string {
  return publicHalf.export({ format: 'jwk' }).x ?? '';
}
