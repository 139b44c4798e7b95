/*
 * The last event before a time, in few reads:
 *  - on both sides of a gap of a thousand million ids, as a restore leaves it
 *  - after the clock was set back, was ahead, or was behind for a while, also where ids have gaps
 */
import type { EventRecord, Orchestrator } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import { lastEventBefore } from '../src/insight/event-before.ts';

const GAP = 1_000_000_000;
const COUNT = 2_000;

interface Asked {
  readonly after?: string;
  readonly before?: string;
  readonly upTo?: number;
  readonly limit: number;
}

/** Two thousand events, each a second after the one before it, by a clock that may be wrong. */
function fakeLog(wrongBy: (index: number) => number, idOf: (index: number) => number = (index) => index) {
  const events = Array.from({ length: COUNT }, (_, index) => ({
    id: idOf(index + 1),
    at: (index + 1) * 1_000 + wrongBy(index + 1),
  })) as EventRecord[];
  const asked: unknown[] = [];
  const listEvents = async (filter: Asked) => {
    asked.push(filter);
    const { after = '0', before, upTo = Infinity, limit } = filter;
    const end = before === undefined ? upTo : Math.min(upTo, Number(before) - 1);
    const found = events.filter(({ id }) => id > Number(after) && id <= end);
    if (before !== undefined) found.reverse();
    return { items: found.slice(0, limit), next: found.length > limit ? String(found[limit - 1]?.id) : null };
  };
  const reads = { listEvents } as unknown as Pick<Orchestrator, 'listEvents'>;
  const before = (at: number, now: number = COUNT * 1_000 + wrongBy(COUNT)) =>
    lastEventBefore(reads, { at, now, asOf: events.at(-1)?.id ?? 0 });
  return { asked, before };
}

test.each([
  [0, 0],
  [1_000, 0],
  [1_001, 1],
  [999_999, 999],
  [1_000_500, 1_000],
  [1_001_500, GAP + 1_001],
  [1_990_001, GAP + 1_990],
  [9_000_000, GAP + 2_000],
])('over a gap, the last event before %i ms is #%i', async (at, id) => {
  const { asked, before } = fakeLog(
    () => 0,
    (index) => (index <= 1_000 ? index : index + GAP),
  );

  expect(await before(at)).toBe(id);
  expect(asked.length).toBeLessThan(400);
});

const HOUR = 3_600_000;
const within = (from: number, to: number, ms: number) => (index: number) => (index >= from && index < to ? ms : 0);

test.each([
  ['was ahead long ago', within(1_000, 1_050, 900_000), 1_800_000, 1_799],
  ['was ahead until just now', within(1_000, 1_950, 900_000), 1_800_000, 999],
  ['was set back long ago', within(1_500, 9_999, -600_000), 1_300_000, 1_899],
  ['was set back just now', within(1_950, 9_999, -600_000), 1_300_000, 1_299],
  ['was set back and is right since', within(1_850, 9_999, -600_000), 1_300_000, 1_899],
  ['was behind for a while', within(1_900, 1_950, -HOUR), 1_800_000, 1_799],
  ['was behind for a while, and is right now', within(1_901, 2_000, -HOUR), 1_800_000, 1_799],
  [
    'was behind, but not for older streams',
    (index: number) => (index % 2 === 0 ? 0 : within(1_900, 1_990, -HOUR)(index)),
    1_800_000,
    1_799,
  ],
  [
    'was behind, and set forward in two steps',
    (index: number) => within(1_900, 1_950, -HOUR / 2)(index) + within(1_900, 1_930, -HOUR / 2)(index),
    1_800_000,
    1_799,
  ],
])('where the clock %s, nothing of the time is left out', async (_, wrongBy, at, id) => {
  const { asked, before } = fakeLog(wrongBy);

  expect(await before(at)).toBe(id);
  expect(asked.length).toBeLessThan(80);
});

test('where the clock was behind until now, nothing of the time is left out', async () => {
  expect(await fakeLog(within(1_910, 9_999, -HOUR)).before(1_800_000, 2_001_000)).toBe(1_799);
});

test('ids with gaps hide no event', async () => {
  const log = fakeLog(within(1_900, 1_950, -HOUR), (index) => index * 3);

  expect(await log.before(1_800_000)).toBe(1_799 * 3);
});
