/*
 * The files of keys:
 *  - what was made is found again, and opens with its passphrase
 *  - after a refusal that wrote nothing the file is removed; after any other error it stays, and the hint names it
 *  - what is no file, or would hash a passphrase for hours, is refused before it is opened
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OrchestratorError } from '@agent-orchestrator/core';
import { expect, onTestFinished, test, vi } from 'vitest';
import { makeKey, openKey, type MadeKey } from '../src/system/key-files.ts';
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

test.each([
  ['hashed 2147483647 times', '06092a864886f70d01050c300e0408000000000000000002047fffffff'],
  ['not protected by PBKDF2', '06092b06010401da47040b'],
  ['not protected by PBKDF2', '06092a864886f70d01050c300e04080000'],
])('a file whose passphrase is %s is refused', (why, der) => {
  const { publicKey, path } = newKey();
  const kind = 'ENCRYPTED PRIVATE KEY';
  const text = Buffer.from(der, 'hex').toString('base64');
  writeFileSync(path, `-----BEGIN ${kind}-----\n${text}\n-----END ${kind}-----\n`);

  const refusal = expect.objectContaining({ code: 'KEY_UNREADABLE', message: expect.stringContaining(why) });
  expect(() => openKey(publicKey, PASSPHRASE)).toThrow(refusal);
});

test.skipIf(process.platform === 'win32')('a pipe in the place of a key is refused, and not waited for', () => {
  const { publicKey, path } = newKey();
  rmSync(path);
  execFileSync('mkfifo', ['-m', '600', path]);

  expect(() => openKey(publicKey, PASSPHRASE)).toThrow(/is not a regular file/);
});
