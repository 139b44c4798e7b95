// When the machine's clocks are believed:
// - the first reading, and the first after a boot, is remembered without a verdict
// - but a wall clock that is back behind the last reading after a boot was wrong before it
// - wall and steady clock moving together is no jump, however long it took
// - a sleep and a set clock are jumps, forward or back, also within the ten seconds in which nothing is written
// - a reading is replaced after ten seconds, not at every write
// - a new jump starts the work on an unfinished one afresh
// - what is known of fences stays known
// - fences of a restored store continue beyond a given one, by the microseconds of its clock
// - they do so also when that clock is set back
// - of a server's clock the greatest time is kept, and only going back behind it is a jump
import { expect, test } from 'vitest';
import { fencesBeyond, fencesTakenAt, type ClockReading } from '../../src/model/clock.ts';
import { observeClock } from '../../src/model/clock-authority.ts';

const last: ClockReading = { wall: 1_000_000, steady: 500_000, uptime: 900_000, boot: 'a' };
const later = (ms: { wall: number; steady: number }): ClockReading => ({
  wall: last.wall + ms.wall,
  steady: last.steady + ms.steady,
  uptime: last.uptime + ms.wall,
  boot: 'a',
});

test('the first reading, and the first after a boot, is remembered without a verdict', () => {
  const rebooted = { ...later({ wall: 9_000_000, steady: -400_000 }), uptime: 100_000, boot: 'b' };

  expect(observeClock({ last: null, jump: null }, last)).toMatchObject({ last, jump: null });
  expect(observeClock({ last, jump: null }, rebooted)).toMatchObject({ last: rebooted, jump: null });
});

test('what is known of fences stays known', () => {
  const state = { last, jump: null, fencesAfter: 7, fencesAhead: 3 };
  const readings = [
    later({ wall: 20_000, steady: 20_000 }),
    later({ wall: 9_000_000, steady: 10 }),
    { ...later({ wall: -9_000_000, steady: -400_000 }), boot: 'b' },
    { ...later({ wall: -9_000_000, steady: 10 }), boot: null },
    { ...later({ wall: 20_000, steady: 20_000 }), boot: null },
  ];

  for (const reading of readings)
    expect(observeClock(state, reading)).toMatchObject({ fencesAfter: 7, fencesAhead: 3 });
  expect(observeClock({ ...state, last: null }, last)).toMatchObject(state);
});

test('fences continue beyond a given one, by the microseconds of the clock', () => {
  const now = 5_000;
  const [ahead, behind] = [fencesBeyond(9_000_000, now), fencesBeyond(3_000_000, now)];

  expect([0, 1, 250].map((later) => fencesTakenAt(now * 1_000 + later, ahead))).toEqual([
    9_000_000, 9_000_000, 9_000_249,
  ]);
  expect(fencesTakenAt(now * 1_000 - 700, ahead)).toBe(9_000_000);
  expect(fencesTakenAt(now * 1_000 + 250, behind)).toBe(5_000_249);
  expect(fencesTakenAt(2_000_000, behind)).toBe(3_000_000);
});

test('a wall clock that is back behind the last reading after a boot was wrong before it', () => {
  const rebooted = { ...later({ wall: -9_000_000, steady: -400_000 }), boot: 'b' };

  expect(observeClock({ last, jump: null }, rebooted)?.jump).toMatchObject({
    seenAt: rebooted.wall,
    byMs: -9_000_000,
    after: null,
  });
});

test('wall and steady clock moving together is no jump, however long it took', () => {
  const reading = later({ wall: 86_400_000, steady: 86_400_000 - 1_900 });

  expect(observeClock({ last, jump: null }, reading)).toMatchObject({ last: reading, jump: null });
});

test.each([
  ['a sleep', { wall: 28_800_000, steady: 100 }, 28_799_900],
  ['a clock set back', { wall: -3_600_000, steady: 100 }, -3_600_100],
  ['a clock set forward a moment after the last reading', { wall: 5_000, steady: 5 }, 4_995],
])('%s is a jump', (_what, moved, byMs) => {
  const reading = later(moved);

  expect(observeClock({ last, jump: null }, reading)).toMatchObject({
    last: reading,
    jump: { seenAt: reading.wall, byMs, after: null },
  });
});

test('a reading is replaced after ten seconds, not at every write', () => {
  expect(observeClock({ last, jump: null }, later({ wall: 9_999, steady: 9_999 }))).toBeNull();
  expect(observeClock({ last, jump: null }, later({ wall: 10_000, steady: 10_000 }))).not.toBeNull();
});

test('a new jump starts the work on an unfinished one afresh', () => {
  const unfinished = { seenAt: 1, byMs: 60_000, after: { namespace: 'default', sessionId: 's' } };

  expect(observeClock({ last, jump: unfinished }, later({ wall: 10_000, steady: 10_000 }))?.jump).toEqual(unfinished);
  expect(observeClock({ last, jump: unfinished }, later({ wall: 60_000, steady: 10_000 }))?.jump).toMatchObject({
    byMs: 50_000,
    after: null,
  });
});

test("of a server's clock the greatest time is kept, and only going back behind it is a jump", () => {
  const server: ClockReading = { wall: 1_000_000, steady: 1_000_000, uptime: 1_000_000, boot: null };
  const at = (ms: number): ClockReading => ({ ...server, wall: server.wall + ms });
  const observed = (ms: number) => observeClock({ last: server, jump: null }, at(ms));

  expect(observed(86_400_000)).toMatchObject({ last: at(86_400_000), jump: null });
  expect(observed(9_999)).toBeNull();
  expect(observed(-2_000)).toBeNull();
  expect(observed(-2_001)).toMatchObject({ last: at(-2_001), jump: { seenAt: 997_999, byMs: -2_001, after: null } });
});
