/**
 * The history of a store:
 *
 * - at any event it has what the store had then, and it does not answer for a moment that it has not read yet
 * - it knows every checkpoint of a lease, also those before its last
 * - it counts work that was done twice, leases that were granted while held, and late writes
 * - the check finds an event that was changed, and nothing in a log that was not; its memory and its work are bounded
 * - it begins again when the log has become shorter, or when the store was restored from a backup
 */
import type { Event, Orchestrator, Storage } from '@agent-orchestrator/core';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backupStore, openOrchestrator, openStorage, restoreStore } from '@agent-orchestrator/runtime';
import { expect, onTestFinished, test } from 'vitest';
import { momentOf } from '../src/api/page-reads.ts';
import { readTrust } from '../src/api/trust.ts';
import { Follower } from '../src/fold/follower.ts';
import { EVER, isInterrupted } from '../src/fold/lease-history.ts';
import { LogCheck } from '../src/fold/log-check.ts';
import { NumberedTexts } from '../src/fold/numbered-texts.ts';
import { SlimReplay } from '../src/fold/slim-replay.ts';
import { TaskHistory } from '../src/fold/task-history.ts';
import type { Verified } from '../src/verify/verifier.ts';
import { newStore } from './support/new-store.ts';
import { afterEach, HERE, playScenario } from './support/scenario.ts';

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
  const look = async () => seen.push({ asOf: await orchestrator.asOf(), state: await stateOf(orchestrator) });
  await playScenario(afterEach(orchestrator, look));
  const follower = new Follower(storage, 'default');
  await follower.catchUp();
  const now = await orchestrator.now();

  expect(seen.length).toBeGreaterThan(20);
  for (const { asOf, state } of seen)
    expect({ asOf, state: stateAt(follower, follower.history.events.ordinalOfId(asOf), now) }).toEqual({ asOf, state });
});

test('a moment that is not read yet is not answered with an earlier one', async () => {
  const { storage, orchestrator } = await newStore();
  for (const title of ['one', 'two']) await orchestrator.enqueueTask({ title });
  const follower = new Follower(storage, 'default');
  const last = await orchestrator.asOf();
  const moments = [`n${last}`, String(last), new Date().toISOString()];

  for (const at of moments)
    expect(() => momentOf(follower, at, 0)).toThrow(expect.objectContaining({ code: 'READING', status: 503 }));
  expect(momentOf(follower, 'n0', 0)).toMatchObject({ ordinal: 0 });
  await follower.catchUp();
  for (const at of [...moments, 'n999']) expect(momentOf(follower, at, 0)).toMatchObject({ ordinal: last });
});

test('it knows interruptions, and the writes of holders that came back', async () => {
  const { storage, orchestrator } = await newStore();
  await playScenario(orchestrator);
  const follower = new Follower(storage, 'default');
  await follower.catchUp();
  const { leases, tasks, present } = follower.history;

  const [lost, ...others] = [...leases.between(EVER, present)].filter(isInterrupted);
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

test('it knows each checkpoint of a lease, also those before the last', async () => {
  const { storage, orchestrator } = await newStore();
  await orchestrator.enqueueTask({ id: 'work' });
  const claimed = await orchestrator.claimTask({ agent: 'first' });
  if (!claimed.ok) throw new Error('it was not claimed');
  const { token, sessionId, fence } = claimed.lease;
  const follower = new Follower(storage, 'default');
  const seen: unknown[] = [];
  const look = async () => {
    await follower.catchUp();
    seen.push(follower.history.leases.momentOf(0, follower.history.present));
  };
  for (const nextAction of ['one', 'two']) {
    await orchestrator.checkpoint({ token, nextAction });
    await look();
  }
  await orchestrator.staleRecovery({
    evidence: [{ sessionId, fence, ...HERE.machine, pid: 4_711, processStart: '99' }],
  });
  await orchestrator.checkpoint({ token, nextAction: 'late' });
  await look();

  const { leases, present } = follower.history;
  const ordinals = Array.from({ length: present }, (_, at) => at + 1);
  const then = ordinals.map((ordinal) => leases.momentOf(0, ordinal));
  expect(then).toEqual(expect.arrayContaining(seen));
  expect(then.filter((one) => one?.savedAt === null)).toHaveLength(1);
  expect(leases.late).toEqual([expect.objectContaining({ lease: 0, ordinal: present })]);
  const moment = momentOf(follower, null, 0);
  const { refused } = await readTrust({ follower }, { moment }, { phase: 'running' } as Verified);
  expect(refused.map((row) => row.refusedId)).toEqual([present]);
});

test.each([
  [1, 'queued claimed succeeded claimed succeeded'],
  [1, 'queued claimed succeeded succeeded'],
  [1, 'queued claimed review_requested approved claimed review_requested approved'],
  [1, 'queued claimed review_requested approved succeeded'],
  [0, 'queued claimed review_requested approved'],
  [0, 'queued claimed failed retried claimed succeeded'],
  [0, 'queued claimed succeeded retried claimed succeeded'],
])('done twice %i times: %s', (twice, verbs) => {
  const tasks = new TaskHistory(new NumberedTexts());
  for (const [at, verb] of verbs.split(' ').entries())
    tasks.apply({ taskId: 't', streamId: 's', type: `task.${verb}` } as Event, { done: true }, at + 1);

  expect(tasks.doneTwice).toHaveLength(twice);
});

test('it tells a task that asks from one that waits for others', async () => {
  const { storage, orchestrator } = await newStore();
  await orchestrator.enqueueTasks([{ id: 'waits' }, { id: 'first' }, { id: 'asks' }]);
  const give = async (
    taskId: string,
    how: { readonly on?: string[]; readonly ask?: { readonly question: string } },
  ) => {
    const claimed = await orchestrator.claimTask({ agent: 'a', sessionId: taskId });
    if (claimed.ok) await orchestrator.releaseTask({ token: claimed.lease.token, outcome: 'waiting', ...how });
  };
  await give('waits', { on: ['first'] });
  await give('asks', { ask: { question: 'Which one?' } });
  const follower = new Follower(storage, 'default');
  const asking = async () => {
    await follower.catchUp();
    const { tasks, present } = follower.history;
    return [...tasks.newestFirst(present, 0)].flatMap(([{ id }, { asks }]) => (asks ? [id] : []));
  };

  expect(await asking()).toEqual(['asks']);
  await orchestrator.answerTask({ taskId: 'asks', answer: 'This one' });
  expect(await asking()).toEqual([]);
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
    },
  ]);
});

test('of sessions that take turns, what is kept and what is read again stay small', async () => {
  const { storage, orchestrator } = await newStore();
  const sessions = ['a', 'b', 'c'];
  for (let round = 0; round < 30; round += 1)
    for (const sessionId of sessions) await orchestrator.enqueueTasks([{ sessionId, payload: 'x'.repeat(10_000) }]);
  const { items: events } = await storage.read.events({ namespace: 'default', upTo: 1e9, limit: 500 });
  let readAgain = 0;
  const read = {
    async events(filter: Parameters<Storage['read']['events']>[0]) {
      const page = await storage.read.events(filter);
      readAgain += page.items.length;
      return page;
    },
  };
  const checked = async (all: readonly Event[], tasksMax: number) => {
    const check = new LogCheck(read, 'default', tasksMax);
    for (const event of all) await check.add(event);
    return check;
  };

  expect(await checked(events, 100)).toMatchObject({ mistakeCount: 0, chainOnlyCount: 0 });
  expect(readAgain).toBe(0);
  // Two of the three sessions can be kept; then none can.
  for (const tasksMax of [60, 5]) {
    const check = await checked(events, tasksMax);
    expect([tasksMax, check.mistakeCount, check.chainOnlyCount > 0]).toEqual([tasksMax, 0, true]);
  }
  expect(readAgain).toBeLessThan(2 * events.length);
  // A change is found all the same.
  const changedLast = events.with(events.length - 1, { ...(events.at(-1) as Event), agent: 'another' });
  expect((await checked(changedLast, 5)).mistakes).toMatchObject([{ kind: 'chain' }]);
});

test('a replay keeps no text of users and agents', async () => {
  const { storage, orchestrator } = await newStore();
  await playScenario(orchestrator);
  const { items: events } = await storage.read.events({ namespace: 'default', upTo: 1e9, limit: 500 });
  const replays = new Map<string, SlimReplay>();
  const mistakes = events.map((event) => {
    const replay = replays.get(event.streamId) ?? new SlimReplay();
    replays.set(event.streamId, replay);
    return replay.add(event);
  });

  expect(mistakes.filter((one) => one !== null)).toEqual([]);
  const kept = JSON.stringify([...replays.values()].map((replay) => replay.rows));
  for (const text of ['주간 보고서', '"pages":3', 'the bank is closed', 'Which column', 'glossary', 'send it'])
    expect([text, kept.includes(text)]).toEqual([text, false]);
});

test('it begins again when the log has become shorter', async () => {
  const long = await newStore();
  await playScenario(long.orchestrator);
  const short = await newStore();
  await short.orchestrator.enqueueTask({ id: 'only' });

  const follower = await followedOver(long.storage, short.storage);

  expect(stateAt(follower, follower.history.present, Date.now()).tasks).toEqual({ only: 'queued false' });
  expect(follower.check.mistakeCount).toBe(0);
});

test('it begins again when the store was restored, though the ids of its new events are greater', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dashboard-restored-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [store, restored, file] = [`sqlite:${folder}/a.db`, `sqlite:${folder}/b.db`, join(folder, 'backup.db')];
  await using before = await openOrchestrator(store);
  await before.enqueueTask({ id: 'kept' });
  await backupStore({ store, file });
  await before.enqueueTask({ id: 'phantom' });
  await before.claimTask({ agent: 'one' });
  await restoreStore({ file, store: restored });
  await using after = await openOrchestrator(restored);
  await after.claimTask({ agent: 'two' });
  const [from, to] = [await openStorage(store), await openStorage(restored)];
  onTestFinished(async () => void (await Promise.all([from.close(), to.close()])));

  const follower = await followedOver(from, to);

  expect(stateAt(follower, follower.history.present, Date.now()).tasks).toEqual({ kept: 'running false' });
  expect(follower.check).toMatchObject({ mistakes: [], checkedId: await after.asOf() });
});

/** A follower that has read one store, and then finds another at its place. */
async function followedOver(from: Storage, to: Storage): Promise<Follower> {
  let { read } = from;
  const place = {
    get read() {
      return read;
    },
    watch: from.watch.bind(from),
  };
  const follower = new Follower(place, 'default');
  await follower.catchUp();
  read = to.read;
  await follower.catchUp();
  return follower;
}

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
