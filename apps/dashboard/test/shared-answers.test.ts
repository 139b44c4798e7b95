/**
 * A store that answers slowly:
 *
 * - pages that ask the same share an answer, and others do not get it
 * - after a change, none gets an answer from before it
 * - scrapes share an answer, and so do checks of health
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

/** Answers and monitoring of a store with three tasks. What each answer begins with is answered by hand. */
async function slowStore() {
  const { storage, orchestrator } = await newStore();
  await orchestrator.enqueueTasks([{}, {}, {}]);
  const follower = new Follower(storage, 'default');
  await follower.catchUp();
  const begun: PromiseWithResolvers<number>[] = [];
  const byHand = async () => {
    const one = Promise.withResolvers<number>();
    begun.push(one);
    return one.promise;
  };
  const slow: Orchestrator = new Proxy(orchestrator, {
    get: (target, name) => {
      if (name === 'now') return byHand;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  const reads = { orchestrator: slow, log: storage.read, follower, withPayloads: true, commandOptions: '' };
  const answers = new Answers(reads, {} as Verifier, { store: 'memory:', clock: Date.now });
  const health = async () => byHand().then(() => ({ status: 'healthy', problem: null }) as Health);
  const { thresholds } = await resolveSettings();
  const monitoring = new Monitoring('memory:', slow, follower, { thresholds, version: '', clock: Date.now, health });
  const ask = async (path: string) => {
    const [name = '', query] = path.split('?');
    return JSON.parse((await answers.to(name, new URLSearchParams(query))) ?? 'null') as {
      readonly kind: string;
      readonly data: { readonly rows: readonly unknown[] };
    };
  };
  const answer = () => {
    for (const { resolve } of begun) resolve(Date.now());
  };
  return { orchestrator, follower, begun, answer, ask, monitoring };
}

test('pages that ask the same share an answer, and others do not get it', async () => {
  const { begun, answer, ask } = await slowStore();
  const asked = Promise.all(['tasks?limit=1', 'tasks?limit=2', 'events?limit=1', 'tasks?limit=1'].map(ask));
  expect(begun.length).toBe(3);
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
  await expect.poll(() => begun.length).toBe(2);
  answer();

  expect((await after).data.rows.length).toBe(4);
});

test('scrapes share an answer, and so do checks of health', async () => {
  const { begun, answer, monitoring } = await slowStore();
  const scrapes = [monitoring.metrics(), monitoring.metrics()];
  const checks = [monitoring.readiness(), monitoring.readiness()];
  await vi.waitFor(() => expect(begun.length).toBeGreaterThan(1));
  // A scrape looks where the store is first: a second one may come later.
  await new Promise((next) => setTimeout(next, 50));
  expect(begun.length).toBe(2);
  answer();

  const [first, second] = await Promise.all(scrapes);
  expect(first).toBe(second);
  expect(await Promise.all(checks)).toEqual([1, 2].map(() => expect.objectContaining({ ready: true })));
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
  await expect.poll(() => begun.length).toBe(2);
  answer();
  await expect(again).resolves.toBeTruthy();
});
