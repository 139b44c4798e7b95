/*
 * What the numbers of a run promise:
 * - a rate counts from the end of the first burst to the last task, so a batch is not counted by half
 * - the clock starts when every process has begun: what the others did before does not count
 * - a rate of several turns is that of all units in all the time, without the time between the turns
 * - a gap is between two tasks of one process, never of two
 * - costs are per unit, of all processes together
 */
import { expect, test } from 'vitest';
import { outcomeOf, type Turn } from '../src/race/run.ts';

function turnOf(...processes: readonly (readonly number[])[]): Turn {
  return {
    worked: processes.map((times) => ({
      begunAt: times[0] ?? Number.NaN,
      handledAt: Float64Array.from(times),
      tasks: Float64Array.from(times),
      cpuMs: times.length,
    })),
    server: { cpuMs: 12, walBytes: 1_200 },
  };
}

test('batches of three every 10 ms are 300 units per second', () => {
  const { unitsPerSecond } = outcomeOf([turnOf([0, 0.1, 0.2, 10.2, 10.3, 10.4, 20.2, 20.2, 20.2])]);

  expect(unitsPerSecond).toBeCloseTo(300, 6);
});

test('the clock starts when every process has begun', () => {
  const { unitsPerSecond, least, most } = outcomeOf([turnOf([0, 10, 20, 30, 100, 110, 120], [100, 110, 120])]);

  expect(unitsPerSecond).toBeCloseTo(200, 6);
  // Who did how much is asked of the whole turn.
  expect([least, most]).toEqual([3, 7]);
});

test('two turns with a second between them have the rate that both have', () => {
  const { unitsPerSecond } = outcomeOf([turnOf([0, 10, 20]), turnOf([1_020, 1_030, 1_040])]);

  expect(unitsPerSecond).toBeCloseTo(100, 6);
});

test('a gap is between two tasks of one process', () => {
  const { gapMs, least, most } = outcomeOf([turnOf([0, 10, 20, 30], [25, 30])]);

  expect(gapMs).toBe(10);
  expect([least, most]).toEqual([2, 4]);
});

test('costs are per unit, of all processes together', () => {
  const { clientUs, serverUs, walBytes } = outcomeOf([turnOf([0, 10, 20, 30], [25, 30])]);

  expect({ clientUs, serverUs, walBytes }).toEqual({ clientUs: 1_000, serverUs: 2_000, walBytes: 200 });
});
