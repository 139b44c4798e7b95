/*
 * The files of keys:
 *  - what was made is found again, and opens with its passphrase
 *  - after a refusal that wrote nothing the file is removed; after any other error it stays, and the hint names it
 *  - what is no file, or would hash a passphrase for hours, is refused before it is opened
 *  - only where nothing is in its place, a key is not on this machine; anything else there is a problem that is told
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { OrchestratorError } from '@agent-orchestrator/core';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { keyFileHere, makeKey, openKey, type MadeKey } from '../src/system/key-files.ts';
import { registerKey } from '../src/work/register-key.ts';

const PASSPHRASE = 'correct horse battery';

function newKey(): MadeKey {
  const folder = mkdtempSync(join(tmpdir(), 'key-files-'));
  vi.stubEnv('OPENCLAW_STATE_DIR', folder);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });
  return makeKey(PASSPHRASE);
}

test('what was made opens with its passphrase alone', () => {
  const { publicKey } = newKey();

  expect(openKey(publicKey, PASSPHRASE)(Buffer.from('x'))).toMatch(/^[\w-]{86}$/);
  expect(() => openKey(publicKey, 'another one')).toThrow(expect.objectContaining({ code: 'PASSPHRASE_WRONG' }));
});

test.each([
  ['COMMAND_ID_REUSED', false],
  ['OUTCOME_UNKNOWN', true],
  ['STORE_IO', true],
  ['INTERNAL', true],
] as const)('after %s, the file is kept: %s', async (code, isKept) => {
  const key = newKey();
  const setAgentKey = () => Promise.reject(new OrchestratorError(code));

  const error = await registerKey({ setAgentKey }, key, { agent: 'owner' }).catch((thrown: unknown) => thrown);

  expect(existsSync(key.path)).toBe(isKept);
  expect(error).toMatchObject({ code });
  expect((error as OrchestratorError).hint.includes(key.path)).toBe(isKept);
});

/** DER in hex: a tag, the length, and what is inside. */
function der(tag: string, ...inside: string[]): string {
  const value = inside.join('');
  return tag + (value.length / 2).toString(16).padStart(2, '0') + value;
}
const [PBES2, PBKDF2, SCRYPT] = ['06092a864886f70d01050d', '06092a864886f70d01050c', '06092b06010401da47040b'];
const AES = der('30', '0609608648016503040102', der('04', '00'.repeat(16)));
const CHEAP = der('30', der('04', '00'.repeat(8)), der('02', '01'));
const COSTLY = der('30', der('04', '00'.repeat(8)), der('02', '7fffffff'));

/** An encrypted key that is protected so. */
function protectedBy(...kdf: string[]): string {
  const der0 = der('30', der('30', PBES2, der('30', der('30', ...kdf), AES)), der('04', '00'.repeat(16)));
  return block(Buffer.from(der0, 'hex'));
}

function block(bytes: Buffer, header = ''): string {
  const kind = 'ENCRYPTED PRIVATE KEY';
  return `-----BEGIN ${kind}-----\n${header}${bytes.toString('base64')}\n-----END ${kind}-----\n`;
}

const DECOY = PBKDF2 + CHEAP;
test.each([
  ['hashed 2147483647 times', protectedBy(PBKDF2, COSTLY)],
  ['not protected by PBKDF2', protectedBy(SCRYPT, CHEAP)],
  ['not protected by PBKDF2', protectedBy(PBKDF2, der('30', der('04', '00')))],
  ['hashed 2147483647 times', protectedBy(PBKDF2, der('30', '048108' + '00'.repeat(7) + '02', der('02', '7fffffff')))],
  // What is costly stands behind something that looks like the cost.
  ['not protected by PBKDF2', protectedBy(SCRYPT, der('30', der('04', DECOY), der('02', '40000000')))],
  ['not protected by PBKDF2', protectedBy(PBKDF2.replace('0609', '068109'), der('30', der('04', DECOY)))],
  ['no private key with a passphrase', block(Buffer.from(DECOY, 'hex')) + protectedBy(PBKDF2, COSTLY)],
  ['no private key with a passphrase', block(Buffer.from(COSTLY, 'hex'), `Comment: ${DECOY}\n\n`)],
])('a file whose passphrase is %s is refused', (why, pem) => {
  const { publicKey, path } = newKey();
  writeFileSync(path, pem);

  const refusal = expect.objectContaining({ code: 'KEY_UNREADABLE', message: expect.stringContaining(why) });
  expect(() => openKey(publicKey, PASSPHRASE)).toThrow(refusal);
});

describe.skipIf(process.platform === 'win32')('in the place of a key', () => {
  test.each([
    ['a pipe', 'is not a regular file', (path: string) => execFileSync('mkfifo', ['-m', '600', path])],
    ['a folder', 'is not a regular file', (path: string) => mkdirSync(path, { mode: 0o700 })],
    ['a link to itself', 'cannot be read: ELOOP', (path: string) => symlinkSync(path, path)],
  ])('%s is refused, and not waited for', (_what, why, put) => {
    const { publicKey, path } = newKey();
    expect(keyFileHere(publicKey)).toEqual({ path, problem: null });
    rmSync(path);
    put(path);

    const refusal = expect.objectContaining({ code: 'KEY_UNREADABLE', message: expect.stringContaining(why) });
    expect(() => openKey(publicKey, PASSPHRASE)).toThrow(refusal);
    expect(keyFileHere(publicKey)).toEqual({ path, problem: expect.stringContaining(why) });
  });

  test.each(['the file', 'the folder of the keys', 'a folder: a file'])('is nothing without %s', (missing) => {
    const { publicKey, path } = newKey();
    rmSync(missing === 'the file' ? path : dirname(path), { recursive: true });
    if (missing === 'a folder: a file') writeFileSync(dirname(path), '');

    expect(() => openKey(publicKey, PASSPHRASE)).toThrow(expect.objectContaining({ code: 'KEY_NOT_FOUND' }));
    expect(keyFileHere(publicKey)).toBeNull();
  });
});
