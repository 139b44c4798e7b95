/*
 * How sure a holder may be of its lease:
 *  - past 80 % of the TTL without success the holder is unsure, and sure again after a heartbeat
 *  - a stop of the process is noticed before any timer fires
 *  - a holder asks before it continues after the machine slept, and after its wall clock was set
 *  - a wall clock that was set back hides nothing
 *  - a sleep counts even if the wall clock hides it
 *  - a slow answer counts from when its question was asked
 *  - a lease that could not be asked about has expired when its TTL is over
 *  - after a sleep past the TTL the store is asked before that, for as long as otherwise
 *  - a lease that was lost during a sleep is found out by the first heartbeat
 *  - a caller that waits for certainty gets it, or learns that there is none
 */
import { expect, test } from 'vitest';
import { settle, type FakeTime } from './support/fake-time.ts';
import { hold, loseTo, TTL_MS } from './support/held-lease.ts';

test('past 80 % of the TTL without success the holder is unsure, and sure again after a heartbeat', async () => {
  const { time, line, told, keeper } = await hold();
  line.state = 'cut';

  await time.advance(79_999);
  expect(keeper.trust).toBe('sure');
  await time.advance(1);
  expect(keeper.trust).toBe('unsure');
  expect(line.sentAt.at(-1)).toBe(80_000);
  line.state = 'open';
  await time.advance(4_000);

  expect(keeper.trust).toBe('sure');
  expect(told().filter((is) => is !== 'renewal_failed')).toEqual(['unsure', 'renewed', 'sure']);
});

test('a stop of the process is noticed before any timer fires', async () => {
  const { time, keeper, told } = await hold();

  time.stop(TTL_MS * 0.8);

  expect(keeper.trust).toBe('unsure');
  expect(told()).toEqual(['unsure']);
});

test.for([
  ['the machine slept', (time: FakeTime) => time.sleep(TTL_MS)],
  ['the wall clock was set', (time: FakeTime) => time.setWall(TTL_MS)],
] as const)('a holder asks before it continues after %s', async ([, pass]) => {
  const { time, told } = await hold();
  await time.advance(1_500);

  pass(time);
  await time.advance(1_000);

  expect(told()).toEqual(['unsure', 'renewed', 'sure']);
});

test('a wall clock that was set back hides nothing', async () => {
  const { time, keeper, line } = await hold();
  line.state = 'cut';

  time.setWall(-86_400_000);
  await time.advance(80_000);

  expect(keeper.trust).toBe('unsure');
});

test('a sleep counts even if the wall clock hides it', async () => {
  const { time, keeper } = await hold();

  time.sleep(TTL_MS);
  time.setWall(-TTL_MS);

  expect(keeper.trust).toBe('unsure');
});

test('a slow answer counts from when its question was asked', async () => {
  const { time, line, keeper, told } = await hold();
  await time.advance(5_000);
  line.delayMs = 90_000;
  void keeper.heartbeat();
  await settle();
  line.state = 'cut';

  await time.advance(91_000);
  expect(told()).toContain('renewed');
  expect(keeper.trust).toBe('unsure');
  expect(told()).not.toContain('sure');
  await time.advance(9_000);

  expect(keeper.trust).toBe('expired');
});

test('a lease that could not be asked about has expired when its TTL is over', async () => {
  const { time, line, keeper, news } = await hold();
  line.state = 'cut';

  await time.advance(TTL_MS - 1);
  expect(keeper.trust).toBe('unsure');
  await time.advance(1);

  expect(keeper.trust).toBe('expired');
  expect(news.at(-1)).toEqual({ is: 'expired', error: null });
  const sent = line.sentAt.length;
  line.state = 'open';
  await time.advance(TTL_MS);
  expect(line.sentAt).toHaveLength(sent);
});

test('after a sleep past the TTL the store is asked before that, for as long as otherwise', async () => {
  const { time, line, told, keeper } = await hold();
  await time.advance(1_500);
  line.state = 'cut';

  time.sleep(8 * TTL_MS);
  await time.advance(15_000);
  expect(keeper.trust).toBe('unsure');
  line.state = 'open';
  await time.advance(4_000);

  expect(told().filter((is) => is !== 'renewal_failed')).toEqual(['unsure', 'renewed', 'sure']);
});

test('a lease that was lost during a sleep is found out by the first heartbeat', async () => {
  const { time, orchestrator, told } = await hold();
  await time.advance(1_500);
  time.stop(2 * TTL_MS);
  await loseTo(orchestrator, 'b');

  await time.advance(0);

  expect(told()).toEqual(['unsure', 'lost']);
});

test('a caller that waits for certainty gets it, or learns that there is none', async () => {
  const { time, orchestrator, keeper } = await hold();

  expect(await keeper.confirm()).toBe(true);

  time.stop(TTL_MS);
  const heldStill = keeper.confirm();
  await time.advance(0);
  expect(await heldStill).toBe(true);

  time.stop(TTL_MS);
  await loseTo(orchestrator, 'b');
  const takenMeanwhile = keeper.confirm();
  await time.advance(0);
  expect(await takenMeanwhile).toBe(false);
});
