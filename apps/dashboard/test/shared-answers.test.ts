/**
 * A store that answers slowly:
 *
 * - pages that ask the same share an answer, and others do not get it
 * - after a change, none gets an answer from before it
 * - scrapes share an answer, and so do checks of health, whose answer counts for two seconds
 * - what has no answer for long is lost, and is asked again
 */
import type { Orchestrator } from '@agent-orchestrator/core';
import { resolveSettings, type Health } from '@agent-orchestrator/runtime';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Answers } from '../src/api/answers.ts';
import { Follower } from '../src/fold/follower.ts';
import { LOST_MS } from '../src/fold/in-time.ts';
import { Monitoring } from '../src/server/monitoring.ts';
import type { Verifier } from '../src/verify/verifier.ts';
import { newStore } from './support/new-store.ts';

/** Answers and monitoring of a store with three tasks. What each begins with has no answer until `answer` is called. */
async function slowStore() {
  const { storage, orchestrator } = await newStore();
  await orchestrator.enqueueTasks([{}, {}, {}]);
  const follower = new Follower(storage, 'default');
  await follower.catchUp();
  const answered = Promise.withResolvers<void>();
  let begun = 0;
  const late = async () => {
    begun += 1;
    await answered.promise;
    return Date.now();
  };
  const slow: Orchestrator = new Proxy(orchestrator, {
    get: (target, name) => {
      if (name === 'now') return late;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const reads = { orchestrator: slow, log: storage.read, follower, withPayloads: true, commandOptions: '' };
  const answers = new Answers(reads, {} as Verifier, { store: 'memory:', clock: Date.now });
  const health = async () => late().then(() => ({ status: 'healthy', problem: null }) as Health);
  const clock = { ms: Date.now() };
  const { thresholds } = await resolveSettings();
  const monitoring = new Monitoring('memory:', slow, follower, {
    thresholds,
    version: '',
    clock: () => clock.ms,
    health,
  });
  const ask = async (path: string) => {
    const [name = '', query] = path.split('?');
    return JSON.parse((await answers.to(name, new URLSearchParams(query))) ?? 'null') as {
      readonly kind: string;
      readonly data: { readonly rows: readonly unknown[] };
    };
  };
  return { orchestrator, follower, begun: () => begun, answer: () => answered.resolve(), ask, clock, monitoring };
}

test('pages that ask the same share an answer, and others do not get it', async () => {
  const { begun, answer, ask } = await slowStore();
  const asked = Promise.all(['tasks?limit=1', 'tasks?limit=2', 'events?limit=1', 'tasks?limit=1'].map(ask));
  expect(begun()).toBe(3);
  answer();

  const found = (await asked).map(({ kind, data }) => [kind, data.rows.length]);
  expect(found).toEqual([
    ['tasks', 1],
    ['tasks', 2],
    ['events', 1],
    ['tasks', 1],
  ]);
});

test('after a change, none gets an answer from before it', async () => {
  const { orchestrator, follower, begun, answer, ask } = await slowStore();
  const before = ask('tasks');
  await orchestrator.enqueueTask({});
  await follower.catchUp();
  const after = ask('tasks');
  answer();

  await before;
  expect((await after).data.rows.length).toBe(4);
  expect(begun()).toBe(2);
});

test('scrapes share an answer, and so do checks of health', async () => {
  const { begun, answer, monitoring } = await slowStore();
  const scrapes = [monitoring.metrics(), monitoring.metrics()];
  const checks = [monitoring.readiness(), monitoring.readiness()];
  answer();

  await Promise.all(scrapes);
  expect(await Promise.all(checks)).toEqual([1, 2].map(() => expect.objectContaining({ ready: true })));
  expect(begun()).toBe(2);
});

test('an answer about health counts for two seconds', async () => {
  const { begun, answer, clock, monitoring } = await slowStore();
  answer();
  const begunAfter = async (ms: number) => {
    clock.ms += ms;
    await monitoring.readiness();
    return begun();
  };

  expect([await begunAfter(0), await begunAfter(2_000), await begunAfter(1)]).toEqual([1, 1, 2]);
});

test.each(['answer', 'scrape', 'check'] as const)('a lost %s is asked again', async (what) => {
  const { begun, answer, ask, monitoring } = await slowStore();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const asks = {
    answer: async () => ask('tasks'),
    scrape: async () => monitoring.metrics(),
    check: async () => monitoring.readiness(),
  };
  let error: unknown = null;
  asks[what]().catch((thrown: unknown) => (error = thrown));
  await vi.advanceTimersByTimeAsync(LOST_MS);
  expect(error).toMatchObject({ code: 'STORE_UNREACHABLE' });
  vi.useRealTimers();

  const again = asks[what]();
  answer();
  await expect(again).resolves.toBeTruthy();
  expect(begun()).toBe(2);
});
