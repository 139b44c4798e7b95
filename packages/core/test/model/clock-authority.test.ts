// Which clock is that of the store, where processes of one machine do not agree:
// - a process with another clock works by the store's, and no jump is recorded: whether it has just started or not, and
//   whichever of the two is right
// - a jump that the process saw, or that a sleep of the machine explains, is one of the machine's clock
// - so it is after other jumps, of which the store knows some; not if the process had another clock before, too
// - one machine's jump is recorded once, whichever process writes first
// - a clock of the store that wrote nothing for two minutes gives way: then it is another clock, and may come back in
//   the same way
// - no further clock is taken before the deadlines go by this one; time is granted if the machine's clock jumps before
// - after a start of the machine, known or not, no clock is another one
// - a boot id of its own makes a container no other machine, whatever its clock says; it is known from a start by the
//   steady clock and the uptime
// - a poll stores a reading once a minute, so that a store where nothing is written keeps its clock
// - another clock is recorded once, and once an hour that it is still there; however many processes differ
// - it keeps its place when the machine's clock jumps, and is forgotten with a start or eight days later
// - a process watches its clock from reading to reading, and remembers the jumps of two minutes
import { expect, test } from 'vitest';
import { decodeClockState, type ClockReading, type ClockState, type SeenJump } from '../../src/model/clock.ts';
import { authorityTime, mustBeStored, observeClock, watchClock } from '../../src/model/clock-authority.ts';

const HOUR_MS = 3_600_000;
const KEPT_MS = 120_000;
const START: ClockReading = { wall: 1_000_000_000, steady: 50_000, uptime: 60_000, boot: 'a' };
const DAY_MS = 24 * HOUR_MS;
const STATE: ClockState = { last: START, jump: null, receipts: { until: 0, heldUntil: 0 } };

/** What a process sees so many milliseconds after START, whose wall clock is so far ahead. */
function at(ms: number, aheadMs = 0, watch: readonly SeenJump[] = []): ClockReading {
  const { wall, steady, uptime, boot } = START;
  return { wall: wall + ms + aheadMs, steady: steady + ms, uptime: uptime + ms, boot, watch };
}

/** A jump that a process saw so many milliseconds after START. */
function seen(ms: number, byMs: number): SeenJump {
  return { steady: START.steady + ms, byMs };
}

/** What is stored after each of the readings. */
function after(state: ClockState, ...readings: readonly ClockReading[]): ClockState {
  return readings.reduce((before, reading) => observeClock(before, reading) ?? before, state);
}

function stored({ wall, steady, uptime, boot }: ClockReading): ClockReading {
  return { wall, steady, uptime, boot };
}

test.each([HOUR_MS, -HOUR_MS, 2_001, -2_001])('a process %i ms ahead works by the clock of the store', (aheadMs) => {
  const state = after(STATE, at(1_000, aheadMs), at(11_000), at(12_000, aheadMs));

  const others = [{ byMs: aheadMs, seenAt: START.wall + 1_000 }];
  expect(state).toMatchObject({ last: stored(at(11_000)), jump: null, others });
  expect(authorityTime(state, at(13_000, aheadMs))).toBe(START.wall + 13_000);
  expect(authorityTime(state, at(13_000))).toBe(START.wall + 13_000);
});

test('clocks that differ by two seconds are one', () => {
  expect(observeClock(STATE, at(1_000, 2_000))).toBeNull();
  expect(authorityTime(STATE, at(1_000, 2_000))).toBe(START.wall + 3_000);
});

test.each<[string, readonly SeenJump[]]>([
  ['it', [seen(900, HOUR_MS)]],
  ['it, after another that the store knows', [seen(-500, 9_000), seen(900, HOUR_MS)]],
  ['it, after another at the time of the stored reading', [seen(0, 9_000), seen(900, HOUR_MS)]],
  ['it, before two seconds of corrections', [seen(900, HOUR_MS - 2_000)]],
  ['it in two', [seen(700, HOUR_MS + 9_000), seen(900, -9_000)]],
  ['it, after one that it saw later than the store', [seen(100, 9_000), seen(900, HOUR_MS)]],
])('a process that saw %s is believed', (_what, watch) => {
  const reading = at(1_000, HOUR_MS, watch);

  const jump = { seenAt: reading.wall, byMs: HOUR_MS, after: null };

  expect(observeClock(STATE, reading)).toMatchObject({ last: stored(reading), jump });
  expect(authorityTime(STATE, reading)).toBe(reading.wall);
});

test.each<[string, readonly SeenJump[]]>([
  ['another jump', [seen(900, HOUR_MS - 2_001)]],
  ['one before the stored reading', [seen(-1, HOUR_MS)]],
  ['one when that was read', [seen(0, HOUR_MS)]],
  ['the jump of the machine from another clock', [seen(900, 9_000)]],
])('a process that only saw %s has another clock', (_what, watch) => {
  expect(after(STATE, at(1_000, HOUR_MS, watch))).toMatchObject({ jump: null, others: [{ byMs: HOUR_MS }] });
});

test('a process that has just started is believed if the machine slept', () => {
  const { uptime, ...awake } = at(1_000, HOUR_MS);
  const reading = { ...awake, uptime: uptime + HOUR_MS };

  expect(after(STATE, reading)).toMatchObject({ last: { wall: reading.wall }, jump: { byMs: HOUR_MS } });
  expect(after(STATE, { ...reading, wall: reading.wall + 2_000 })).toMatchObject({ jump: { byMs: HOUR_MS + 2_000 } });
  expect(after(STATE, { ...reading, wall: reading.wall + 2_001 }).jump).toBeNull();
});

test('one machine’s jump is recorded once', () => {
  const [first, second] = [900, 950].map((ms) => [seen(ms, -HOUR_MS)]);
  const { jump, ...rest } = after(STATE, at(1_000, -HOUR_MS, first));

  const state = after({ ...rest, jump: null }, at(2_000, -HOUR_MS, second), at(3_000, -HOUR_MS), at(14_000, -HOUR_MS));

  expect(jump).toMatchObject({ byMs: -HOUR_MS });
  expect(state).toMatchObject({ last: stored(at(14_000, -HOUR_MS)), jump: null });
  expect(state.others).toBeUndefined();
});

test('a clock of the store that wrote nothing for two minutes gives way', () => {
  const taken = after(STATE, at(KEPT_MS + 1, HOUR_MS));

  expect(after(STATE, at(KEPT_MS, HOUR_MS)).jump).toBeNull();
  expect(taken).toMatchObject({
    jump: { byMs: HOUR_MS, after: null, taken: true },
    last: { wall: START.wall + KEPT_MS + 1 + HOUR_MS },
    others: [{ byMs: -HOUR_MS, seenAt: START.wall + HOUR_MS }],
  });
  expect(decodeClockState(JSON.stringify(taken))).toEqual(taken);
});

test('it works by the other clock then, until that one gives way', () => {
  const taken = { ...after(STATE, at(200_000, HOUR_MS)), jump: null };
  const again = after(taken, at(200_000 + KEPT_MS + 1));

  expect(authorityTime(taken, at(201_000))).toBe(START.wall + 201_000 + HOUR_MS);
  expect(observeClock(taken, at(201_000))).toBeNull();
  expect(again).toMatchObject({ jump: { byMs: -HOUR_MS, taken: true }, others: [{ byMs: HOUR_MS }] });
});

test('no further clock is taken before the deadlines go by this one', () => {
  const taken = after(STATE, at(200_000, HOUR_MS));
  const late = at(300_000 + KEPT_MS);

  expect(observeClock(taken, late)).toBeNull();
  expect(authorityTime(taken, late)).toBe(late.wall + HOUR_MS);
});

test('time is granted if the clock of the machine jumps before', () => {
  const taken = after(STATE, at(200_000, HOUR_MS));
  const jumped = after(STATE, at(1_000, 9_000, [seen(900, 9_000)]));

  const grants = [
    after(taken, at(201_000, HOUR_MS + 9_000, [seen(200_500, 9_000)])),
    after(jumped, at(KEPT_MS + 1_001)),
  ].map(({ jump }) => jump);

  expect(grants).toEqual([
    { seenAt: START.wall + 201_000 + HOUR_MS + 9_000, byMs: 9_000, after: null },
    { seenAt: START.wall + KEPT_MS + 1_001, byMs: -9_000, after: null },
  ]);
});

test('after a start of the machine that no boot id shows, the clock is believed', () => {
  const restarted = { ...at(0), wall: START.wall + HOUR_MS, steady: 10, uptime: 10 };
  const longAgo = { ...START, steady: KEPT_MS + 11 };

  expect(after({ last: longAgo, jump: null }, restarted)).toMatchObject({ last: { steady: 10 }, jump: {} });
});

test('after a known one, what was known of another clock is forgotten', () => {
  const known: ClockState = { ...STATE, others: [{ byMs: HOUR_MS, seenAt: START.wall }] };
  const rebooted = { ...at(9_000), steady: 5, boot: 'b' };

  expect(observeClock(known, rebooted)).toMatchObject({ last: stored(rebooted), jump: null });
  expect(observeClock(known, rebooted)?.others).toBeUndefined();
  expect(authorityTime(known, { ...rebooted, wall: 5 })).toBe(5);
});

/** What a container with a boot id of its own sees. */
function inContainer(ms: number, aheadMs = 0): ClockReading {
  return { ...at(ms, aheadMs), boot: 'container' };
}

test('a boot id of its own makes a container no other machine', () => {
  const state: ClockState = { ...STATE, others: [{ byMs: HOUR_MS, seenAt: START.wall }] };
  const asleep = { ...at(12_000), wall: START.wall + HOUR_MS, uptime: START.uptime + HOUR_MS };

  const polled = after(state, inContainer(11_000));
  const slept = after(polled, asleep);

  expect(polled).toMatchObject({ last: stored(inContainer(11_000)), jump: null, others: state.others });
  expect(slept).toMatchObject({ last: stored(asleep), jump: { byMs: HOUR_MS - 12_000 } });
  expect(after(STATE, { ...asleep, boot: 'container' })).toMatchObject({ jump: { byMs: HOUR_MS - 12_000 } });
});

test.each([-HOUR_MS, 59_999])('nor does it if its clock is %i ms ahead', (aheadMs) => {
  const state = after(STATE, inContainer(1_000, aheadMs));

  expect(state).toMatchObject({ last: START, jump: null, others: [{ byMs: aheadMs }] });
  expect(authorityTime(state, inContainer(2_000, aheadMs))).toBe(START.wall + 2_000);
});

test.each([0, 8 * 3_600_000])(
  'a container with a boot id and an uptime of its own, %i ms ahead, is no start',
  (byMs) => {
    const reading = { ...at(70_000), wall: at(70_000).wall + byMs, uptime: 70_000, boot: 'b' };

    expect(after(STATE, reading).jump).toBeNull();
    expect(authorityTime(STATE, reading)).toBe(at(70_000).wall);
  },
);

test.each([
  [at(59_999), false],
  [at(60_000), true],
  [inContainer(59_999), false],
  [inContainer(60_000), true],
  [{ ...at(59_999), steady: 5, uptime: 5, boot: 'b' }, false],
  [{ ...at(60_000), steady: 5, uptime: 5, boot: 'b' }, true],
])('a poll stores a reading once a minute: %j', (reading, stores) => {
  expect(mustBeStored(STATE, after(STATE, reading))).toBe(stores);
});

test('where nothing is written, a container and its host store a reading once a minute', () => {
  let writes = 0;
  let state = STATE;
  for (let ms = 1_000; ms <= 600_000; ms += 1_000)
    for (const reading of [at(ms), inContainer(ms)]) {
      const next = after(state, reading);
      if (!mustBeStored(state, next)) continue;
      writes += 1;
      state = next;
    }

  expect(writes).toBe(10);
});

test('a poll stores neither the first reading nor those of a server', () => {
  const none: ClockState = { last: null, jump: null };
  const server: ClockState = { last: { ...START, boot: null }, jump: null };

  expect(mustBeStored(none, after(none, at(0)))).toBe(false);
  expect(mustBeStored(server, after(server, { ...at(600_000), boot: null }))).toBe(false);
});

test('where nothing is written, processes that poll keep the clock of the store', () => {
  let state = STATE;
  for (let ms = 5_000; ms <= 600_000; ms += 5_000)
    for (const reading of [at(ms), at(ms + 1, HOUR_MS)]) {
      const next = after(state, reading);
      if (mustBeStored(state, next)) state = next;
    }

  expect(state).toMatchObject({ jump: null, others: [{ byMs: HOUR_MS }] });
  expect(authorityTime(state, at(600_000, HOUR_MS))).toBe(START.wall + 600_000);
});

test('three clocks that differ are each recorded once an hour', () => {
  let writes = 0;
  let state = STATE;
  for (let ms = 0; ms < 2 * HOUR_MS; ms += 30_000)
    for (const reading of [at(ms), at(ms, HOUR_MS), at(ms + 1, -HOUR_MS), at(ms + 2, 9_000 + (ms % 2_000))]) {
      const next = after(state, reading);
      if (next.others !== state.others) writes += 1;
      state = next;
    }

  expect(state.others?.map(({ byMs }) => byMs)).toEqual([HOUR_MS, -HOUR_MS, 9_000]);
  expect(writes).toBe(3 * 2);
  expect(decodeClockState(JSON.stringify(state))).toEqual(state);
});

test('of a clock that runs at another pace no more than eight differences are recorded', () => {
  let state = STATE;
  for (let ms = 0; ms < 100_000; ms += 1_000) state = after(state, at(ms), at(ms, HOUR_MS + 3 * ms));

  expect(state.others).toHaveLength(8);
});

test('another clock is forgotten after eight days', () => {
  const seenAt = START.wall - 8 * DAY_MS;
  const state = { ...STATE, others: [{ byMs: -HOUR_MS, seenAt }] };

  expect(after(state, at(0, HOUR_MS)).others).toEqual([{ byMs: HOUR_MS, seenAt: START.wall }]);
  expect(after(state, at(10_000)).others).toBeUndefined();
  expect(after({ ...STATE, others: [{ byMs: -HOUR_MS, seenAt: seenAt + 10_001 }] }, at(10_000)).others).toHaveLength(1);
});

test('another clock is as far from a clock that jumped, and not from one that the store took', () => {
  const state: ClockState = { ...STATE, others: [{ byMs: -HOUR_MS, seenAt: START.wall }] };
  const jumped = after(state, at(1_000, 9_000, [seen(900, 9_000)]));
  const taken = after(state, at(KEPT_MS + 1, 9_000, []));

  expect(jumped.others).toEqual([{ byMs: -HOUR_MS, seenAt: START.wall + 9_000 }]);
  const seenAt = START.wall + 9_000;
  expect(taken.others).toEqual([
    { byMs: -HOUR_MS - 9_000, seenAt },
    { byMs: -9_000, seenAt },
  ]);
  expect(after(state, at(KEPT_MS + 1, -HOUR_MS)).others).toEqual([{ byMs: HOUR_MS, seenAt: START.wall - HOUR_MS }]);
});

test('of eight other clocks the first gives way to the one that the store had', () => {
  const others = Array.from({ length: 8 }, (_, one) => ({ byMs: (one + 1) * 9_000, seenAt: START.wall }));

  const taken = after({ ...STATE, others }, at(KEPT_MS + 1, -HOUR_MS));

  expect(taken.others?.map(({ byMs }) => byMs - HOUR_MS)).toEqual([2, 3, 4, 5, 6, 7, 8, 0].map((by) => by * 9_000));
});

test('nothing but the clocks is stored', () => {
  const loaded = { ...STATE, reading: at(2_000, HOUR_MS) };

  expect(Object.keys(after(loaded, loaded.reading))).toEqual(['last', 'jump', 'others', 'receipts']);
});

test('a process watches its clock from reading to reading', () => {
  const watch = watchClock();

  const watched = [
    { wall: 1_000, steady: 10 },
    { wall: 9_990, steady: 9_000 },
    { wall: 19_090, steady: 9_100 },
    { wall: 19_190, steady: 9_200 },
    { wall: 17_190, steady: 9_200 },
    { wall: 17_189, steady: 9_200 },
  ].map((reading) => watch(reading));

  const [first, second] = [
    { steady: 9_100, byMs: 9_000 },
    { steady: 9_200, byMs: -2_001 },
  ];
  expect(watched).toEqual([[], [], [first], [first], [first], [first, second]]);
});

test('jumps are remembered for two minutes', () => {
  const watch = watchClock();
  watch({ wall: 0, steady: 0 });
  watch({ wall: 9_000, steady: 0 });

  expect(watch({ wall: 9_000 + KEPT_MS, steady: KEPT_MS })).toHaveLength(1);
  expect(watch({ wall: 9_001 + KEPT_MS, steady: KEPT_MS + 1 })).toEqual([]);
});
