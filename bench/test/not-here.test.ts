/*
 * Where the bench cannot run, `npm run test:all` says so and why, and does not fail.
 */
import { expect, test } from 'vitest';
import { notHere } from '../src/not-here.ts';

test.each([
  ['linux', '24.0.0', undefined],
  ['linux', '26.1.0', undefined],
  ['linux', '22.22.0', 'needs Node 24, and this is 22.22.0'],
  ['darwin', '24.0.0', 'needs Linux, and this is darwin'],
])('on %s with Node %s: %s', (platform, version, reason) => {
  expect(notHere(platform, version)).toBe(reason);
});
