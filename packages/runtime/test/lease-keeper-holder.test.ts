/*
 * A keeper renews while its holder lives and gets on, and no longer:
 *  - a dead holder is not renewed
 *  - a holder that has stopped reporting progress is not renewed, until it reports some
 *  - a holder that never reports progress is renewed for as long as it lives
 *  - a bound that was asked for counts from the start
 *  - progress is sent at once, and then once a second, the last of it
 *  - progress that is reported while a renewal is under way is sent with the next
 *  - malformed progress is refused where it is reported
 *  - a keeper that was stopped sends and says nothing more, and leaves no timer
 *  - a keeper that is stopped while its holder is asked for life sends nothing
 */
import { expect, test } from 'vitest';
import { settle } from './support/fake-time.ts';
import { hold, TTL_MS } from './support/held-lease.ts';

test('a dead holder is not renewed', async () => {
  let alive = true;
  const { time, line, news, keeper } = await hold({ isAlive: () => alive });
  await time.advance(30_000);

  alive = false;
  await time.advance(TTL_MS);

  expect(line.sentAt).toEqual([25_000]);
  expect(news.slice(1)).toEqual([
    { is: 'withheld', why: 'not_alive' },
    { is: 'unsure' },
    { is: 'expired', error: null },
  ]);
  expect(keeper.trust).toBe('expired');
});

test('a holder that has stopped reporting progress is not renewed, until it reports some', async () => {
  const { time, keeper, news, told } = await hold();
  keeper.progress({ page: 1 });
  await time.advance(3_600_000);
  expect(news.every(({ is }) => is === 'renewed')).toBe(true);

  await time.advance(30_000);
  expect(news.at(-1)).toEqual({ is: 'withheld', why: 'no_progress' });
  keeper.progress({ page: 2 });
  await settle();

  expect(told().at(-1)).toBe('renewed');
});

test('a holder that never reports progress is renewed for as long as it lives', async () => {
  const { time, keeper, told } = await hold();

  await keeper.checkpoint({});
  await time.advance(2 * 3_600_000);

  expect(new Set(told())).toEqual(new Set(['renewed']));
});

test('a bound that was asked for counts from the start', async () => {
  const { time, news } = await hold({ progressWithinMs: 40_000 });

  await time.advance(3 * TTL_MS);

  expect(news.map(({ is }) => is)).toEqual(['renewed', 'withheld', 'unsure', 'expired']);
});

test('progress is sent at once, and then once a second, the last of it', async () => {
  const { time, line, keeper, orchestrator } = await hold();
  await time.advance(500);

  for (const page of [1, 2, 3]) {
    keeper.progress({ page });
    await settle();
  }
  expect(line.sentAt).toEqual([500]);
  await time.advance(1_000);

  expect(line.sentAt).toEqual([500, 1_500]);
  expect(line.progress).toEqual([{ page: 1 }, { page: 3 }]);
  expect((await orchestrator.getSession('s'))?.progress).toEqual({ page: 3 });
});

test('progress that is reported while a renewal is under way is sent with the next', async () => {
  const { time, line, keeper } = await hold();
  line.delayMs = 200;
  keeper.progress({ page: 1 });
  await time.advance(100);

  keeper.progress({ page: 2 });
  await time.advance(2_000);

  expect(line.progress).toEqual([{ page: 1 }, { page: 2 }]);
});

test('malformed progress is refused where it is reported', async () => {
  const { time, line, keeper, told } = await hold();

  expect(() => keeper.progress({ page: Number.NaN })).toThrow(
    expect.objectContaining({ code: 'INVALID_INPUT', field: 'progress.page' }),
  );
  expect(() => keeper.progress('x'.repeat(5_000))).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
  await time.advance(30_000);

  expect(line.progress).toEqual([undefined]);
  expect(told()).toEqual(['renewed']);
});

test('a keeper that was stopped sends and says nothing more, and leaves no timer', async () => {
  const { time, line, keeper, told } = await hold();

  keeper.stop();
  await time.advance(2 * TTL_MS);

  expect(line.sentAt).toEqual([]);
  expect(told()).toEqual([]);
  expect(time.timers).toBe(0);
  expect(await keeper.confirm()).toBe(false);
});

test('a keeper that is stopped while its holder is asked for life sends nothing', async () => {
  const asked = Promise.withResolvers<boolean>();
  const { time, line, keeper } = await hold({ isAlive: () => asked.promise });
  await time.advance(25_000);

  keeper.stop();
  asked.resolve(true);
  await settle();

  expect(line.sentAt).toEqual([]);
});
