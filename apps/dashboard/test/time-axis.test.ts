/**
 * The time axis in the reader's own time: its ticks are at round times of the clock, also on the two days on which the
 * clock changes. Names beside it are cut by what is seen of them. The page runs in a browser; here the process has the
 * zone.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LABEL_MARGIN, layoutOf, tickLabel, ticksOf, type Leases } from '../src/page/chart/layout.ts';
import { cut } from '../src/page/chart/paint.ts';

const HOUR = 3_600_000;
const ZONE = process.env['TZ'];

beforeAll(() => void (process.env['TZ'] = 'Europe/Berlin'));
afterAll(() => {
  if (ZONE === undefined) delete process.env['TZ'];
  else process.env['TZ'] = ZONE;
});

/** What the axis says from a time on, for so many hours. */
function labels(begin: string, hours: number, most: number): string[] {
  const from = Date.parse(begin);
  const { ticks, step } = ticksOf({ begin: from, end: from + hours * HOUR }, most);
  return ticks.map((time) => tickLabel(time, step, 'en-GB'));
}

test('the process has the zone', () => {
  expect(new Date('2026-03-29T01:00:00Z').getHours()).toBe(3);
  expect(new Date('2026-10-25T01:00:00Z').getHours()).toBe(2);
});

test.each([
  ['the day without an hour', '2026-03-29T00:00:00+01:00', 23, ['29 Mar', '30 Mar']],
  ['the day with an hour twice', '2026-10-25T00:00:00+02:00', 25, ['25 Oct', '26 Oct']],
] as const)('%s has round hours to its end, and names the day at midnight', (_, begin, hours, [day, next]) => {
  expect(labels(begin, hours, 10)).toEqual([day, '03:00', '06:00', '09:00', '12:00', '15:00', '18:00', '21:00', next]);
  expect(labels(begin, hours, 5)).toEqual([day, '06:00', '12:00', '18:00', next]);
});

test('a window of years has no more marks than fit', () => {
  expect(ticksOf({ begin: 0, end: Date.parse('2026-10-25T00:00:00Z') }, 8).ticks.length).toBeLessThanOrEqual(9);
});

test('a clock that goes back by two hours has an end, too', () => {
  process.env['TZ'] = 'Antarctica/Troll';
  expect(labels('2026-10-25T00:00:00Z', 24, 8).length).toBeGreaterThan(4);
  process.env['TZ'] = 'Europe/Berlin';
});

test('the hour that comes twice is there twice, the one that is left out is not', () => {
  expect(labels('2026-10-25T00:30:00+02:00', 4, 5)).toEqual(['01:00', '02:00', '02:00', '03:00']);
  expect(labels('2026-03-29T00:30:00+01:00', 4, 5)).toEqual(['01:00', '03:00', '04:00', '05:00']);
});

test.each([
  ['2026-03-27T12:00:00+01:00', ['28 Mar', '29 Mar', '30 Mar', '31 Mar']],
  ['2026-10-23T12:00:00+02:00', ['24 Oct', '25 Oct', '26 Oct', '27 Oct']],
])('days from %s begin at midnight', (begin, days) => {
  const from = Date.parse(begin);
  const { ticks } = ticksOf({ begin: from, end: from + 96 * HOUR }, 6);

  expect(labels(begin, 96, 6)).toEqual(days);
  expect(ticks.map((time) => new Date(time).getHours())).toEqual([0, 0, 0, 0]);
});

const isShort = (text: string) => text.length <= 8;

test('a name that does not fit ends with an ellipsis', () => {
  expect(['claude', '문서-에이전트·맥북', 'claude-docs · office-mac'].map((name) => cut(name, isShort))).toEqual([
    'claude',
    '문서-에이전트…',
    'claude-…',
  ]);
});

/** As it may be drawn: Korean letters take twice as much. */
const widthOf = (text: string) => Array.from(text, (letter) => (letter < '\u1100' ? 7 : 13)).reduce((a, b) => a + b, 0);

test.each(['Claude Code · office-mac', '회계 담당 에이전트 · 서울 사무실'])('%s has the room that it takes', (name) => {
  const [agent = '', host = ''] = name.split(' · ');
  const answer = { holders: [{ agent, host }], tasks: [], bars: [], bins: null } as unknown as Leases;
  const { labelWidth } = layoutOf(answer, 1_200, widthOf);

  expect(cut(name, (text) => widthOf(text) <= labelWidth - LABEL_MARGIN)).toBe(name);
});
