/*
 * Renewing:
 *  - a lease is renewed every quarter of its TTL
 *  - the next renewal is counted from the start of the last that succeeded, a checkpoint through the keeper included
 *  - a renewal that fails is no loss, and is tried again sooner
 *  - a renewal that never answers does not keep the next from being tried
 *  - a late renewal is no loss
 *  - a lease that another agent took is lost, and nothing more is sent
 *  - that cancellation was asked is told once
 *
 * Trust:
 *  - past 80 % of the TTL without success the holder is unsure, and sure again after a heartbeat
 *  - which is noticed after the process was stopped, before any timer fires
 *  - and after the machine slept, and after its wall clock was set
 *  - a wall clock that was set back hides nothing
 *  - a sleep counts even if the wall clock hides it
 *  - a slow answer counts from when its question was asked
 *  - a lease that could not be asked about has expired when its TTL is over
 *  - after a sleep past the TTL the store is asked before that, for as long as otherwise
 *  - a lease that was lost during a sleep is found out by the first heartbeat
 *  - a caller that waits for certainty gets it, or learns that there is none
 *
 * Life:
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
import { createMemoryData, openMemoryStorage } from '@agent-orchestrator/storage-memory';
import { expect, onTestFinished, test } from 'vitest';
import { keepLease, Orchestrator, OrchestratorError, type KeepLeaseOptions, type LeaseNews } from '../src/index.ts';
import { FakeTime, settle } from './support/fake-time.ts';

const TTL_MS = 100_000;

/** A holder with a lease of 100 seconds on a store in memory, and what its keeper told. */
async function hold(options: Partial<KeepLeaseOptions> & { afterMs?: number } = {}) {
  const time = new FakeTime();
  const storage = openMemoryStorage({ data: createMemoryData(), clock: time });
  await storage.migrate();
  const orchestrator = new Orchestrator({ storage, newCommandId: time.newCommandId, newSeed: time.newSeed });
  await orchestrator.enqueueTask({ title: 'Count', sessionId: 's' });
  const since = time.read();
  const claimed = await orchestrator.claimTask({ agent: 'a', instance: 'i', ttlMs: TTL_MS });
  if (!claimed.ok) throw new Error('not claimed');

  const line = new Line(orchestrator, time);
  const news: LeaseNews[] = [];
  const keeper = keepLease({
    orchestrator: line,
    lease: claimed.lease,
    since,
    onNews: (one) => news.push(one),
    time,
    random: () => 1,
    ...options,
  });
  onTestFinished(() => keeper.stop());
  return { time, orchestrator, lease: claimed.lease, line, keeper, news, told: () => news.map(({ is }) => is) };
}

/** The way to the store, which may be cut, or swallow answers; remembers when something was sent. */
class Line implements Pick<Orchestrator, 'heartbeat' | 'checkpoint'> {
  readonly sentAt: number[] = [];
  readonly progress: unknown[] = [];
  state: 'open' | 'cut' | 'silent' = 'open';
  /** How long an answer takes. */
  delayMs = 0;
  readonly #orchestrator: Orchestrator;
  readonly #time: FakeTime;
  readonly #startedAt: number;

  constructor(orchestrator: Orchestrator, time: FakeTime) {
    this.#orchestrator = orchestrator;
    this.#time = time;
    this.#startedAt = time.read().steady;
  }

  async heartbeat(call: Parameters<Orchestrator['heartbeat']>[0]) {
    this.progress.push(call.progress);
    await this.#pass();
    return this.#orchestrator.heartbeat(call);
  }

  async checkpoint(call: Parameters<Orchestrator['checkpoint']>[0]) {
    await this.#pass();
    return this.#orchestrator.checkpoint(call);
  }

  async #pass(): Promise<void> {
    this.sentAt.push(this.#time.read().steady - this.#startedAt);
    const { state, delayMs } = this;
    if (state === 'cut') throw new OrchestratorError('STORE_UNREACHABLE');
    if (state === 'silent') await new Promise(() => {});
    if (delayMs > 0) await new Promise<void>((answer) => this.#time.after(delayMs, answer));
  }
}

async function loseTo(orchestrator: Orchestrator, agent: string): Promise<void> {
  const taken = await orchestrator.claimTask({ agent, sessionId: 's' });
  expect(taken).toMatchObject({ ok: true });
}

test('a lease is renewed every quarter of its TTL', async () => {
  const { time, line, told } = await hold();

  await time.advance(TTL_MS);

  expect(line.sentAt).toEqual([25_000, 50_000, 75_000, 100_000]);
  expect(told()).toEqual(['renewed', 'renewed', 'renewed', 'renewed']);
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
] as const)('a holder asks before it goes on after %s', async ([, pass]) => {
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
