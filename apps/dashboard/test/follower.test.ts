/**
 * What follows the log:
 *
 * - a store that does not answer is stopped, and is asked again; a moment that is not read is told so
 * - an answer that comes late is waited for, and is asked for once; what was committed since is not missed
 * - a watch that begins late is taken, and ended with the follower, also if it begins after its end
 * - a watch that fails, or is lost, begins anew, and a lost one is ended
 * - a read that fails makes it count nothing twice
 * - what it keeps of a name is as much as it did
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Storage } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import { momentOf } from '../src/api/page-reads.ts';
import { AgentTallies } from '../src/fold/agent-tallies.ts';
import { Follower } from '../src/fold/follower.ts';
import { newStore } from './support/new-store.ts';
import { playScenario } from './support/scenario.ts';

test('a store that does not answer is stopped, and is asked again', { timeout: 20_000 }, async () => {
  const { storage, orchestrator } = await newStore();
  await playScenario(orchestrator);
  let isSilent = false;
  const silent = silenced(storage, () => isSilent);
  const follower = new Follower(silent, 'default', { answerMs: 50, lostMs: 200, againMs: 10 });
  const stop = new AbortController();
  const phases: string[] = [];
  follower.onChange(() => phases.at(-1) !== follower.state.phase && phases.push(follower.state.phase));
  const running = follower.run(stop.signal);
  await expect.poll(() => follower.state.phase).toBe('live');

  isSilent = true;
  await expect
    .poll(() => follower.state, { timeout: 5_000 })
    .toMatchObject({
      phase: 'failed',
      error: { code: 'STORE_UNREACHABLE' },
    });
  const { id } = (await orchestrator.enqueueTask({})).task;
  const later = () => momentOf(follower, '999999', 0);
  expect(later).toThrow(expect.objectContaining({ code: 'STOPPED', status: 503 }));
  isSilent = false;
  await expect.poll(() => follower.state.phase, { timeout: 5_000 }).toBe('live');

  expect(follower.history.tasks.numberOf(id)).toBeGreaterThan(0);
  expect(follower.state.error).toBeNull();
  expect(later).not.toThrow();
  expect(phases.slice(phases.indexOf('live'))).toEqual(['live', 'failed', 'live']);
  stop.abort();
  await running;
});

test.each(['events', 'settledEventId'] as const)('%s that come late are asked for once at a time', async (late) => {
  const { storage, orchestrator } = await newStore();
  await playScenario(orchestrator);
  let open = 0;
  let openMax = 0;
  const read = changed(storage.read, (name, asked) =>
    name === late
      ? async (...question) => {
          openMax = Math.max(openMax, (open += 1));
          await pause(100);
          open -= 1;
          return asked(...question);
        }
      : asked,
  );
  const slow = { read, watch: storage.watch.bind(storage) };
  const follower = new Follower(slow, 'default', { answerMs: 60, againMs: 1 });
  const phases = new Set<string>();
  follower.onChange(() => phases.add(follower.state.phase));
  const stop = new AbortController();
  const running = follower.run(stop.signal);

  // Not live, if it never says in time how far it is; but all that it said is read.
  const { length } = (await orchestrator.listEvents({ limit: 500 })).items;
  await expect.poll(() => follower.history.present).toBe(length);
  expect([phases.has('failed'), openMax]).toEqual([late === 'settledEventId', 1]);
  stop.abort();
  await running;
});

test('a watch that begins late is taken, and ended with the follower', async () => {
  const { storage } = await newStore();
  const begin: (() => void)[] = [];
  let watching = 0;
  let failed = 0;
  const watch: Storage['watch'] = async (tell) => {
    await new Promise<void>((resolve) => void begin.push(resolve));
    const end = await storage.watch(tell);
    watching += 1;
    return async () => {
      watching -= 1;
      await end();
    };
  };
  const follower = new Follower({ read: storage.read, watch }, 'default', { answerMs: 5, againMs: 1 });
  follower.onChange(() => (failed += follower.state.phase === 'failed' ? 1 : 0));
  const stop = new AbortController();
  const running = follower.run(stop.signal);
  await expect.poll(() => failed).toBeGreaterThan(2);
  expect(begin.length).toBe(1);
  begin[0]?.();

  await expect.poll(() => [follower.state.phase, watching]).toEqual(['live', 1]);
  stop.abort();
  await running;
  expect([watching, begin.length]).toEqual([0, 1]);
});

test('a late answer is not taken for how far the log is now', async () => {
  const { storage, orchestrator } = await newStore();
  await orchestrator.enqueueTask({});
  const late = Promise.withResolvers<void>();
  let isFirst = true;
  const read = changed(storage.read, (name, asked) => async (...question) => {
    const answer = await asked(...question);
    if (name === 'settledEventId' && isFirst) {
      isFirst = false;
      await late.promise;
    }
    return answer;
  });
  const slow = { read, watch: storage.watch.bind(storage) };
  const follower = new Follower(slow, 'default', { answerMs: 30, againMs: 1 });
  const live = new Set<number>();
  follower.onChange(() => follower.state.phase === 'live' && live.add(follower.state.asOf));
  const stop = new AbortController();
  const running = follower.run(stop.signal);
  await expect.poll(() => follower.state.phase).toBe('failed');
  await orchestrator.enqueueTask({});
  late.resolve();

  await expect.poll(() => follower.state.phase).toBe('live');
  expect([...live]).toEqual([await orchestrator.asOf()]);
  stop.abort();
  await running;
});

/** A follower whose watches begin as they are told, one after the other; `ended` has the numbers of those that did. */
async function watching(begins: readonly Promise<unknown>[]) {
  const { storage } = await newStore();
  let count = 0;
  const ended: number[] = [];
  const watch: Storage['watch'] = async () => {
    const number = count;
    count += 1;
    await begins[number];
    return async () => void ended.push(number);
  };
  const follower = new Follower({ read: storage.read, watch }, 'default', { answerMs: 5, lostMs: 20, againMs: 1 });
  const stop = new AbortController();
  const running = follower.run(stop.signal);
  const end = async () => {
    stop.abort();
    await running;
  };
  return { follower, ended, end };
}

test('a watch that begins after the end is ended', async () => {
  const late = Promise.withResolvers<void>();
  const { ended, end } = await watching([late.promise]);
  await end();
  late.resolve();

  await expect.poll(() => ended).toEqual([0]);
});

test('a watch that fails or is lost begins anew, and a lost one is ended', async () => {
  const lost = Promise.withResolvers<void>();
  const { follower, ended, end } = await watching([Promise.reject(new Error('no connection')), lost.promise]);
  await expect.poll(() => follower.state.phase).toBe('live');
  lost.resolve();
  await expect.poll(() => ended).toEqual([1]);

  await end();
  expect(ended).toEqual([1, 2]);
});

test('a failed read of the check counts no event twice', async () => {
  const { storage, orchestrator } = await newStore();
  await playScenario(orchestrator);
  const follower = new Follower(storage, 'default');
  const add = follower.check.add.bind(follower.check);
  let fails = 1;
  follower.check.add = async (event) => {
    if (event.id === 5 && fails-- > 0) throw new Error('the connection was lost');
    await add(event);
  };

  await expect(follower.catchUp()).rejects.toThrow('lost');
  await follower.catchUp();

  expect(follower.history.present).toBe((await orchestrator.listEvents({ limit: 500 })).items.length);
  expect(follower.check.mistakeCount).toBe(0);
});

test('a name costs as much as it did', () => {
  const tallies = new AgentTallies();
  const before = process.memoryUsage().arrayBuffers;
  for (let agent = 0; agent < 1_000; agent += 1) tallies.granted(agent);
  tallies.ended(0, 'succeeded', 3);
  tallies.ended(0, 'succeeded', 5);

  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200_000);
  expect([...tallies.all()][0]?.[1]).toMatchObject({ leases: 1, succeeded: 2, medianMs: 5 });
});

/** A store whose reads have no answer at times, and never get one. */
function silenced(storage: Storage, isSilent: () => boolean): Pick<Storage, 'read' | 'watch'> {
  const read = changed(
    storage.read,
    (_name, asked) =>
      (...question) =>
        isSilent() ? new Promise(() => {}) : asked(...question),
  );
  return { read, watch: storage.watch.bind(storage) };
}

type Read = (...question: never[]) => unknown;

/** The reads of a store, some of them others. */
function changed(reads: Storage['read'], change: (name: string, read: Read) => Read): Storage['read'] {
  return new Proxy(reads, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? change(String(name), value.bind(target) as Read) : value;
    },
  });
}
