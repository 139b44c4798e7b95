/*
 * How a keeper renews a lease:
 *  - a lease is renewed every quarter of its TTL
 *  - one with a long TTL is renewed once a minute, and tried again as soon as one of four minutes
 *  - the next renewal is counted from the start of the last that succeeded, a checkpoint through the keeper included
 *  - a renewal that fails is no loss, and is tried again sooner
 *  - a renewal that never answers does not keep the next from being tried
 *  - a late renewal is no loss
 *  - a lease that another agent took is lost, and nothing more is sent
 *  - that cancellation was asked is told once
 */
import { expect, test } from 'vitest';
import { hold, loseTo, TTL_MS } from './support/held-lease.ts';

const MINUTE_MS = 60_000;

test('a lease is renewed every quarter of its TTL', async () => {
  const { time, line, told } = await hold();

  await time.advance(TTL_MS);

  expect(line.sentAt).toEqual([25_000, 50_000, 75_000, 100_000]);
  expect(told()).toEqual(['renewed', 'renewed', 'renewed', 'renewed']);
});

test('one with a long TTL is renewed once a minute, and tried again as soon as one of four minutes', async () => {
  const { time, line, told } = await hold({ ttlMs: 15 * MINUTE_MS });

  await time.advance(2 * MINUTE_MS);
  line.state = 'cut';
  await time.advance(2 * MINUTE_MS);

  expect(line.sentAt).toEqual([60_000, 120_000, 180_000, 187_500, 202_500, 232_500]);
  expect(told()).toEqual(['renewed', 'renewed', ...Array(4).fill('renewal_failed')]);
});

test('the next renewal is counted from the start of the last that succeeded, a checkpoint included', async () => {
  const { time, line, keeper } = await hold();

  await time.advance(20_000);
  const reply = await keeper.checkpoint({ nextAction: 'count on' });
  line.delayMs = 4_000;
  await time.advance(60_000);

  expect(reply).toMatchObject({ ok: true, turn: 1 });
  expect(line.sentAt).toEqual([20_000, 45_000, 70_000]);
});

test('a renewal that fails is no loss, and is tried again sooner', async () => {
  const { time, line, told } = await hold();

  line.state = 'cut';
  await time.advance(30_000);
  line.state = 'open';
  await time.advance(10_000);

  expect(line.sentAt).toEqual([25_000, 28_125, 34_375]);
  expect(told()).toEqual(['renewal_failed', 'renewal_failed', 'renewed']);
});

test('a renewal that never answers does not keep the next from being tried', async () => {
  const { time, line, told } = await hold();

  line.state = 'silent';
  await time.advance(30_000);
  line.state = 'open';
  await time.advance(20_000);

  expect(line.sentAt).toEqual([25_000, 41_125]);
  expect(told()).toEqual(['renewed']);
});

test('a late renewal is no loss', async () => {
  const { time, news, keeper } = await hold();

  time.stop(3 * TTL_MS);
  await time.advance(0);

  expect(news).toEqual([
    { is: 'unsure' },
    { is: 'renewed', late: true, expiresAt: time.read().wall + TTL_MS },
    { is: 'sure' },
  ]);
  expect(keeper.trust).toBe('sure');
});

test('a lease that another agent took is lost, and nothing more is sent', async () => {
  const { time, orchestrator, line, news, keeper } = await hold();
  time.stop(TTL_MS);
  await loseTo(orchestrator, 'b');

  await time.advance(TTL_MS);

  expect(news.at(-1)).toMatchObject({
    is: 'lost',
    reply: { reason: 'lease_lost', endedBy: 'lease.taken_over', successor: { agent: 'b' } },
  });
  expect(keeper.trust).toBe('lost');
  expect(line.sentAt).toEqual([TTL_MS]);
  expect(time.timers).toBe(0);
});

test('that cancellation was asked is told once', async () => {
  const { time, orchestrator, told, keeper } = await hold();
  const task = (await orchestrator.listTasks()).items[0];
  await orchestrator.cancelTask({ taskId: task?.id ?? '' });

  await time.advance(60_000);

  expect(told()).toEqual(['renewed', 'cancel_requested', 'renewed']);
  expect(keeper.cancelRequested).toBe(true);
});
