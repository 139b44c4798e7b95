/*
 * What the keeper of a host does next:
 *  - it renews while the host lives and something was done within the bound, then it parks
 *  - a call of a tool is progress while it runs, up to the bound of tools
 *  - where neither a hook nor a transcript tells of the work, it counts as done up to the same bound
 *  - any change of the signs is progress at the time when it is seen; a sign that stays is none
 *  - a host that has ended: given back when two looks see nothing that it started, said when something lives on
 */
import { expect, test } from 'vitest';
import { idleMs, KEEPER_BOUNDS, nextStep, ProgressWatch, type HostSight } from '../src/hosts/keeper-rules.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const NOW = 100 * HOUR_MS;

const seen = (sight: Partial<HostSight>): HostSight => ({
  now: NOW,
  hostEndedAt: null,
  aloneSince: null,
  lastProgressAt: NOW,
  toolsSince: null,
  isObserved: true,
  ...sight,
});

test.for([
  ['something was done just now', {}, 'renew'],
  ['nothing was done for almost half an hour', { lastProgressAt: NOW - 30 * MINUTE_MS + 1 }, 'renew'],
  ['nothing was done for half an hour', { lastProgressAt: NOW - 30 * MINUTE_MS }, 'park'],
  ['a tool runs for hours', { lastProgressAt: NOW - 7 * HOUR_MS, toolsSince: NOW - 7 * HOUR_MS }, 'renew'],
  ['a tool ran for as long as any may, just now', { lastProgressAt: 0, toolsSince: NOW - 8 * HOUR_MS }, 'renew'],
  ['… and half an hour ago', { lastProgressAt: 0, toolsSince: NOW - 8.5 * HOUR_MS }, 'park'],
  ['nothing tells what is done in the host', { lastProgressAt: NOW - 8 * HOUR_MS + 1, isObserved: false }, 'renew'],
  ['… for as long as a tool may run', { lastProgressAt: NOW - 8 * HOUR_MS, isObserved: false }, 'park'],
  ['the host has ended, and at one look nothing is left', { hostEndedAt: NOW, aloneSince: NOW }, 'wait'],
  ['… and at the next look neither', { hostEndedAt: NOW - 50, aloneSince: NOW - 50 }, 'give_back'],
  ['… and what it started is ending, perhaps', { hostEndedAt: NOW - 399 }, 'wait'],
  ['… and what it started is seen no more, once', { hostEndedAt: NOW - 400, aloneSince: NOW - 39 }, 'wait'],
  ['… and twice', { hostEndedAt: NOW - 400, aloneSince: NOW - 40 }, 'give_back'],
  ['… and what it started lives on', { hostEndedAt: NOW - 400 }, 'leave'],
  [
    'the host has ended after it did nothing',
    { hostEndedAt: NOW, aloneSince: NOW - 40, lastProgressAt: 0 },
    'give_back',
  ],
] as const)('%s', ([_when, sight, step]) => {
  expect(nextStep(seen(sight), KEEPER_BOUNDS)).toBe(step);
});

test('any change of the signs is progress when it is seen, and a sign that stays is none', () => {
  const watch = new ProgressWatch(0);
  const look = (text: string, isToolRunning: boolean, now: number) => {
    watch.see({ text, isToolRunning, isObserved: true }, now);
    return idleMs(seen({ now, ...watch.sight }), KEEPER_BOUNDS);
  };

  expect(look('1', false, 10)).toBe(10);
  expect(look('1', false, 20)).toBe(20);
  expect(look('2', false, 30)).toBe(0);
  expect(look('2', false, 50)).toBe(20);
  expect(look('2 call', true, 60)).toBe(0);
  expect(look('2 call', true, 60 + HOUR_MS)).toBe(0);
  expect(look('2 call', true, 60 + 9 * HOUR_MS)).toBe(HOUR_MS);
  expect(look('3', false, 60 + 9 * HOUR_MS + 1)).toBe(0);
});
