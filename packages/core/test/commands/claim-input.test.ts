// What a claim refuses before it is judged:
// - fields that do not exist
// - values that are malformed or beyond their limits
import { expect, test } from 'vitest';
import { claim } from '../../src/commands/index.ts';
import { AGENT, PROCESS, tokenOf } from '../support/events.ts';
import { inputOf, refusal } from '../support/given.ts';

test.each([
  ['sessionId', { sessionId: ' s' }, 'INVALID_INPUT'],
  ['agent', { agent: undefined }, 'INVALID_INPUT'],
  ['seed', { seed: 'abc' }, 'INVALID_INPUT'],
  ['instance', { instance: '' }, 'INVALID_INPUT'],
  ['roles', { roles: Array.from({ length: 33 }, (_, at) => `r${at}`) }, 'LIMIT_EXCEEDED'],
  ['kinds', { kinds: [] }, 'INVALID_INPUT'],
  ['ttlMs', { ttlMs: 999 }, 'INVALID_INPUT'],
  ['staleAfterMs', { staleAfterMs: 86_400_001 }, 'LIMIT_EXCEEDED'],
  ['limit', { limit: 0 }, 'INVALID_INPUT'],
  ['limit', { limit: 1_001 }, 'LIMIT_EXCEEDED'],
  ['process.pid', { process: { ...PROCESS, pid: 0 } }, 'INVALID_INPUT'],
  ['process.group', { process: { ...PROCESS, group: -1 } }, 'INVALID_INPUT'],
  ['process.name', { process: { ...PROCESS, name: 'node' } }, 'INVALID_INPUT'],
  ['token', { token: tokenOf(1) }, 'INVALID_INPUT'],
])('a malformed %s is refused', (field, call, code) => {
  expect(() => inputOf(claim, { agent: AGENT, ...call })).toThrow(refusal(code, '', field));
});
