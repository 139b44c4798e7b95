// What reviewers sign and compare, to the byte: programs in other languages make it, and old signatures stay valid.
import { expect, test } from 'vitest';
import { isSignedBy, keyFingerprint, resultDigest, verdictBytes } from '../../src/log/verdict-signature.ts';
import { sha256 } from '../../src/model/sha256.ts';
import { newKey } from '../support/keys.ts';

test('the bytes of a verdict are a line that names their kind, and canonical JSON', () => {
  const bytes = verdictBytes({
    agent: '집재규',
    verdict: 'approved',
    review: { id: 'r', of: { task_id: 'a', round: 2 } },
    reviewed: { namespace: 'default', result: null },
    notesSha256: 'd',
  });

  expect(Buffer.from(bytes).toString('utf8')).toBe(
    'agent-orchestrator/verdict/1\n{"agent":"집재규","namespace":"default","notes_sha256":"d",' +
      `"result_sha256":"${sha256('null')}","review":"r","round":2,"task":"a","verdict":"approved"}`,
  );
});

test('the digest of a result is that of its canonical JSON', () => {
  expect(resultDigest(null)).toBe(sha256('null'));
  expect(resultDigest({ b: 1, a: 2 })).toBe(sha256('{"a":2,"b":1}'));
});

test('a fingerprint is the first half of the digest of the 32 bytes of a key', () => {
  expect(keyFingerprint('A'.repeat(43))).toBe('66687aadf862bd776c8fc18b8e9f8e20');
});

test('what is no key, or no signature, is none', () => {
  const key = newKey();
  const { publicKey } = key;
  const bytes = Buffer.from('x');
  const signature = key.sign(bytes);

  expect(isSignedBy(publicKey, bytes, signature)).toBe(true);
  expect(isSignedBy(`${publicKey}A`, bytes, signature)).toBe(false);
  expect(isSignedBy('_'.repeat(43), bytes, signature)).toBe(false);
  expect(isSignedBy(publicKey, bytes, `${signature}==`)).toBe(false);
});
