// The machine's clocks as a process reads them:
// - the offsets of a time namespace are read from what the kernel says; without any, they are zero
// - they are left out of what it reads
// - each reading tells which jumps of its wall clock the process saw
import { expect, test } from 'vitest';
import { machineClock, parseOffsets, systemClock } from '../src/system-clock.ts';

test.each([
  ['monotonic      100000         0\nboottime            0         0\n', { monotonic: 100_000_000, boottime: 0 }],
  ['monotonic -5 500000000\nboottime 3 1000000\n', { monotonic: -4_500, boottime: 3_001 }],
  ['', { monotonic: 0, boottime: 0 }],
])('the offsets of %j are read', (text, offsets) => {
  expect(parseOffsets(text)).toEqual(offsets);
});

test('processes inside and outside of a time namespace read the same clocks', () => {
  const machine = { wall: () => 5_000, monotonic: () => 700, boottime: () => 900, boot: 'b' };
  const inside = {
    ...machine,
    monotonic: () => machine.monotonic() + 100_000,
    boottime: () => machine.boottime() + 30_000,
    offsets: { monotonic: 100_000, boottime: 30_000 },
  };

  const readings = [{ ...machine, offsets: parseOffsets('') }, inside].map((clocks) => {
    const { wall, steady, uptime, boot, watch } = machineClock(clocks).read();
    return { wall, steady, uptime, boot, watch };
  });

  const reading = { wall: 5_000, steady: 700, uptime: 900, boot: 'b', watch: [] };
  expect(readings).toEqual([reading, reading]);
});

test('each reading tells which jumps of its wall clock the process saw', () => {
  let wall = 5_000;
  const clock = machineClock({
    wall: () => wall,
    monotonic: () => 700,
    boottime: () => 900,
    boot: 'b',
    offsets: { monotonic: 200, boottime: 0 },
  });

  const before = clock.read().watch;
  wall += 9_000;
  const after = clock.read().watch;

  expect([before, after]).toEqual([[], [{ steady: 500, byMs: 9_000 }]]);
  expect(systemClock.read().watch).toEqual([]);
});
