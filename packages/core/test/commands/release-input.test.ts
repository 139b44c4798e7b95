// What a release refuses before it is judged:
// - what goes with one outcome only, given with another
// - a hand-off to no one, or to two
// - fields and outcomes that do not exist, and values beyond their limits
// - artifacts in a result that have another form than artifacts have
// - one lease twice in a batch, an empty batch, and one of more than a thousand
import { expect, test } from 'vitest';
import { release } from '../../src/commands/index.ts';
import { AGENT, SEED, tokenOf } from '../support/events.ts';
import { inputOf, refusal } from '../support/given.ts';

/** A call that ends one lease. */
function releaseCall(outcome: string, more: object = {}): { items: object[] } {
  return { items: [{ token: tokenOf(1), outcome, ...more }] };
}

const MADE = { name: 'app', path: '/out/app', sha256: 'a'.repeat(64), bytes: 1 };

type Malformed = [field: string, items: object[], code: string, message: string];

const TWICE = [3, 1, 3].map((fence) => ({ token: tokenOf(fence), outcome: 'succeeded' }));

test.each<Malformed>([
  ['items', [], 'INVALID_INPUT', 'smaller'],
  ['items[0].token', [{ token: 'x', outcome: 'succeeded' }], 'INVALID_INPUT', 'the token that the claim answered'],
  ['items[0].outcome', [{ token: tokenOf(1), outcome: 'done' }], 'INVALID_INPUT', ''],
  ['items[0].kind', releaseCall('succeeded', { kind: 'x' }).items, 'INVALID_INPUT', 'is not a field'],
  ['items[0].result', releaseCall('succeeded', { result: 'x'.repeat(262_143) }).items, 'LIMIT_EXCEEDED', ''],
  [
    'items[0].error.data',
    releaseCall('failed', { error: { message: '', data: 'x'.repeat(16_383) } }).items,
    'LIMIT_EXCEEDED',
    '',
  ],
  [
    'items[0].result.artifacts[0].sha256',
    releaseCall('succeeded', { result: { artifacts: [{ ...MADE, sha256: 'abc' }] } }).items,
    'INVALID_INPUT',
    '64 hex digits',
  ],
  [
    'items[0].result.artifacts[0].size',
    releaseCall('succeeded', { result: { artifacts: [{ ...MADE, size: 1 }] } }).items,
    'INVALID_INPUT',
    'is not a field',
  ],
  [
    'items[0].result.artifacts[0].path',
    releaseCall('succeeded', { result: { artifacts: [{ ...MADE, url: 'https://h/x' }] } }).items,
    'INVALID_INPUT',
    'exactly one of the two',
  ],
  ...['javascript:alert(1)', 'JavaScript:alert(1)', 'data:text/html,x', 'x', '//host/x'].map((url): Malformed => [
    'items[0].result.artifacts[0].url',
    releaseCall('succeeded', { result: { artifacts: [{ ...MADE, path: undefined, url }] } }).items,
    'INVALID_INPUT',
    'must be a URL of https',
  ]),
  [
    'items[0].result.artifacts',
    releaseCall('succeeded', { result: { artifacts: Array.from({ length: 101 }, () => MADE) } }).items,
    'LIMIT_EXCEEDED',
    '',
  ],
  ['items[0].error.message', releaseCall('failed', { error: {} }).items, 'INVALID_INPUT', ''],
  ['items[0].error.stack', releaseCall('failed', { error: { message: '', stack: '' } }).items, 'INVALID_INPUT', ''],
  ['items[0].to', releaseCall('handed_off').items, 'INVALID_INPUT', 'must be given with handed_off, and only then'],
  [
    'items[0].to',
    releaseCall('released', { to: { role: 'r' } }).items,
    'INVALID_INPUT',
    'must be given with handed_off',
  ],
  ['items[0].to', releaseCall('handed_off', { to: { role: 'r', agent: 'a' } }).items, 'INVALID_INPUT', ''],
  ['items[0].to', releaseCall('handed_off', { to: {} }).items, 'INVALID_INPUT', ''],
  ['items[0].result', releaseCall('failed', { result: 1 }).items, 'INVALID_INPUT', 'can only be given with succeeded'],
  [
    'items[0].error',
    releaseCall('released', { error: { message: '' } }).items,
    'INVALID_INPUT',
    'with failed or cancelled',
  ],
  ['items[0].final', releaseCall('succeeded', { final: true }).items, 'INVALID_INPUT', 'can only be given with failed'],
  ['items[0].note', releaseCall('succeeded', { note: '' }).items, 'INVALID_INPUT', 'with released, handed_off'],
  ['items[2].token', TWICE, 'INVALID_INPUT', 'is the token of items[0]'],
])('a malformed %s is refused', (field, items, code, message) => {
  expect(() => inputOf(release, { items })).toThrow(expect.objectContaining({ code, field }));
  expect(() => inputOf(release, { items })).toThrow(message);
});

test('a thousand leases can be ended at once, and no more', () => {
  const items = Array.from({ length: 1_001 }, (_, at) => ({ token: tokenOf(at + 1), outcome: 'succeeded' }));

  expect(inputOf(release, { items: items.slice(1) }).items).toHaveLength(1_000);
  expect(() => inputOf(release, { items })).toThrow(refusal('LIMIT_EXCEEDED', '', 'items'));
});

test.each([
  ['seed', { seed: SEED.slice(1) }],
  ['claimNext.agent', { claimNext: {} }],
  ['claimNext.limit', { claimNext: { agent: AGENT, limit: 0 } }],
  ['claimNext.resume', { claimNext: { agent: AGENT, resume: true } }],
  ['sessionId', { sessionId: 's' }],
])('a malformed %s is refused', (field, call) => {
  expect(() => inputOf(release, { ...releaseCall('succeeded'), ...call })).toThrow(refusal('INVALID_INPUT', '', field));
});

test('a release that claims nothing needs no seed, one that claims does', () => {
  expect(inputOf(release, releaseCall('succeeded'))).not.toHaveProperty('seed');
  expect(() => inputOf(release, { ...releaseCall('succeeded'), claimNext: { agent: AGENT }, seed: undefined })).toThrow(
    refusal('INVALID_INPUT', '^seed must be given with claimNext.$'),
  );
});
