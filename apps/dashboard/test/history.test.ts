/**
 * The history of a store:
 *
 * - at any event it has what the store had then
 * - it counts work that was done twice, leases that were granted while held, and late writes
 * - the check finds an event that was changed, and nothing in a log that was not
 * - it begins again when the log has become shorter
 */
import type { Event, Orchestrator, Storage } from '@agent-orchestrator/core';
import { newCommandId, newSeed, openStorage, Orchestrator as Opened } from '@agent-orchestrator/runtime';
import { expect, onTestFinished, test } from 'vitest';
import { Follower } from '../src/fold/follower.ts';
import { isInterrupted } from '../src/fold/lease-history.ts';
import { HERE, playScenario } from './support/scenario.ts';

async function newStore(): Promise<{ readonly storage: Storage; readonly orchestrator: Orchestrator }> {
  const storage = await openStorage('memory:');
  await storage.migrate();
  onTestFinished(() => storage.close());
  return { storage, orchestrator: new Opened({ storage, newCommandId, newSeed, ...HERE }) };
}

/** What a store says of itself now. */
async function stateOf(orchestrator: Orchestrator) {
  const { items: tasks } = await orchestrator.listTasks({ limit: 500 });
  const { items: sessions } = await orchestrator.listSessions({ status: ['running'], limit: 500 });
  return {
    tasks: Object.fromEntries(tasks.map(({ id, status, handedOffBy }) => [id, `${status} ${handedOffBy !== null}`])),
    held: sessions.map(({ agent, fence }) => `${agent} ${fence}`).toSorted(),
  };
}

function stateAt({ history }: Follower, ordinal: number, now: number) {
  const tasks = [...history.tasks.newestFirst(ordinal, now)].map(
    ([{ id }, { status, handedOff }]) => [id, `${status} ${handedOff}`] as const,
  );
  const held = [...history.leases.held(ordinal)].map(({ agent, fence }) => `${agent} ${fence}`);
  return { tasks: Object.fromEntries(tasks), held: held.toSorted() };
}

test('at any event it has what the store had then', async () => {
  const { storage, orchestrator } = await newStore();
  const seen: { readonly asOf: number; readonly state: unknown }[] = [];
  // Looks after each command.
  const looked = new Proxy(orchestrator, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return async (...given: unknown[]) => {
        const answer: unknown = await Reflect.apply(value, target, given);
        seen.push({ asOf: await target.asOf(), state: await stateOf(target) });
        return answer;
      };
    },
  });
  await playScenario(looked);
  const follower = new Follower(storage, 'default');
  await follower.catchUp();
  const now = await orchestrator.now();

  expect(seen.length).toBeGreaterThan(20);
  for (const { asOf, state } of seen)
    expect({ asOf, state: stateAt(follower, follower.history.events.ordinalOfId(asOf), now) }).toEqual({ asOf, state });
});

test('it knows interruptions, and the writes of holders that came back', async () => {
  const { storage, orchestrator } = await newStore();
  await playScenario(orchestrator);
  const follower = new Follower(storage, 'default');
  await follower.catchUp();
  const { leases, tasks, present } = follower.history;

  const [lost, ...others] = [...leases.between(0, Number.MAX_SAFE_INTEGER, present)].filter(isInterrupted);
  expect(others).toEqual([]);
  expect(lost).toMatchObject({
    agent: 'openclaw-night',
    host: 'office-mac',
    nextAgent: 'home-agent',
    savedAt: expect.any(Number),
  });
  expect(lost?.refusedAt).toBeGreaterThanOrEqual(lost?.until ?? Number.NaN);
  expect({ twice: tasks.doneTwice, held: leases.grantedWhileHeld }).toEqual({ twice: [], held: [] });
  expect(follower.check).toMatchObject({ mistakeCount: 0, checkedId: await orchestrator.asOf() });
});

test('it counts what must never happen', async () => {
  const { storage, orchestrator } = await newStore();
  await playScenario(orchestrator);
  // Every claim and every success twice, as no store would do it.
  const read = changed(storage, (events) =>
    events.flatMap((event) => (['task.claimed', 'task.succeeded'].includes(event.type) ? [event, event] : [event])),
  );
  const follower = new Follower({ read, watch: storage.watch.bind(storage) }, 'default');
  await follower.catchUp();
  const { leases, tasks } = follower.history;

  expect(leases.grantedWhileHeld.length).toBeGreaterThan(3);
  expect(tasks.doneTwice.length).toBe(2);
  expect(follower.check.mistakeCount).toBeGreaterThan(3);
});

test('the check finds an event that was changed', async () => {
  const { storage, orchestrator } = await newStore();
  await playScenario(orchestrator);
  const read = changed(storage, (events) =>
    events.map((event) => (event.type === 'task.failed' ? { ...event, agent: 'someone-else' } : event)),
  );
  const follower = new Follower({ read, watch: storage.watch.bind(storage) }, 'default');
  await follower.catchUp();

  expect(follower.check.mistakes).toEqual([
    {
      kind: 'chain',
      message: expect.stringContaining('was changed'),
      eventId: expect.any(Number),
      sessionId: expect.any(String),
    },
  ]);
});

test('it begins again when the log has become shorter', async () => {
  const long = await newStore();
  await playScenario(long.orchestrator);
  const short = await newStore();
  await short.orchestrator.enqueueTask({ id: 'only' });
  let { read } = long.storage;
  const follower = new Follower(
    {
      get read() {
        return read;
      },
      watch: long.storage.watch.bind(long.storage),
    },
    'default',
  );
  await follower.catchUp();

  read = short.storage.read;
  await follower.catchUp();

  expect(stateAt(follower, follower.history.present, Date.now()).tasks).toEqual({ only: 'queued false' });
  expect(follower.check.mistakeCount).toBe(0);
});

/** The reads of a store whose log is another. */
function changed({ read }: Storage, change: (events: readonly Event[]) => readonly Event[]): Storage['read'] {
  return new Proxy(read, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (name !== 'events') return value.bind(target) as unknown;
      return async (filter: Parameters<Storage['read']['events']>[0]) => {
        const page = await target.events(filter);
        return { ...page, items: change(page.items) };
      };
    },
  });
}
