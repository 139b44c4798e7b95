/*
 * The keeper of a host, by its own clocks:
 *  - it renews what is held, also what came later, and no more what was released
 *  - without progress it parks: the task waits again with a note that keeps the one before, and no attempt is charged
 *  - while the store does not answer, it tries to park again
 *  - what happens to a lease is told to the tools: renewed, to be cancelled, lost, parked
 *  - when the host has ended, it gives the tasks back at once, and the secrets go
 *  - a look that misses the host, or what it started, changes nothing
 *  - a claim after the tasks were parked is progress
 *  - while the disk is full it renews and parks, and what became of the leases is told later
 *  - what the host started and lives on is said with the lease, and nothing proves the holder dead any more
 *  - a store that does not answer does not keep it after the end of the host; what lives on is noted on this machine
 *  - when nothing is held, it ends
 */
import { existsSync, mkdtempSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryData, openMemoryStorage } from '@agent-orchestrator/storage-memory';
import { expect, onTestFinished, test, vi } from 'vitest';
import { HostKeeper, type KeeperCalls } from '../src/hosts/host-keeper.ts';
import type { SeenProcess } from '../src/hosts/host-offspring.ts';
import {
  Holdings,
  isGivenBackNote,
  KEEPER_BOUNDS,
  Orchestrator,
  OrchestratorError,
  readStillRunning,
} from '../src/index.ts';
import { hasLeftWork, isKeeping, isKept } from '../src/processes/kept-host.ts';
import { replacePrivateFile } from '../src/system/private-json.ts';
import { FakeTime, settle } from './support/fake-time.ts';

const MINUTE_MS = 60_000;
const BOUNDS = { ...KEEPER_BOUNDS, parkAfterMs: 3 * MINUTE_MS };
const PROCESS = { host: 'h', boot: 'b', pid: 7, start: '70' };

/** A host with a keeper, and what the keeper sees of it. */
async function keptHost() {
  const folder = mkdtempSync(join(tmpdir(), 'host-keeper-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const time = new FakeTime();
  const storage = openMemoryStorage({ data: createMemoryData(), clock: time });
  await storage.migrate();
  const orchestrator = new Orchestrator({ storage, newCommandId: time.newCommandId, newSeed: time.newSeed });
  const world = { isAlive: true, progress: 0, offspring: [] as SeenProcess[], isStoreOpen: true };
  /** How many looks see nothing. */
  const missed = { host: 0, offspring: 0 };
  const through = <Args extends unknown[], Reply>(call: (...args: Args) => Promise<Reply>) => {
    return async (...args: Args): Promise<Reply> => {
      if (!world.isStoreOpen) throw new OrchestratorError('STORE_UNREACHABLE');
      return call(...args);
    };
  };
  const calls: KeeperCalls = {
    heartbeat: through(orchestrator.heartbeat.bind(orchestrator)),
    checkpoint: through(orchestrator.checkpoint.bind(orchestrator)),
    releaseTasks: through(orchestrator.releaseTasks.bind(orchestrator)),
  };
  const facts = { name: 'codex', agent: 'a', conversation: null, transcript: null };
  const host = { ...facts, process: PROCESS, folder };
  const holdings = Holdings.of(host, { store: 'memory:', namespace: 'default', agent: 'a' });
  const keeper = new HostKeeper({
    host,
    holdings,
    signs: folder,
    calls,
    bounds: BOUNDS,
    time,
    sees: {
      isHostAlive: () => missed.host-- <= 0 && world.isAlive,
      progress: () => ({ text: String(world.progress), isToolRunning: false, isObserved: true }),
      lookAtOffspring: () => {},
      offspring: () => (missed.offspring-- > 0 ? [] : world.offspring),
    },
  });
  onTestFinished(() => keeper[Symbol.dispose]());
  const claim = async (title = 'a') => {
    await orchestrator.enqueueTask({ title });
    const before = await orchestrator.claimTask({ agent: 'b' });
    if (!before.ok) throw new Error(before.reason);
    await orchestrator.releaseTask({ token: before.lease.token, outcome: 'released', note: 'begin here' });
    const claimed = await orchestrator.claimTask({ agent: 'a', instance: 'i', process: PROCESS });
    if (!claimed.ok) throw new Error(claimed.reason);
    return holdings.add(claimed, null);
  };
  const ended = { as: null as string | null };
  const run = () => void keeper.run().then((as) => (ended.as = as));
  return { time, orchestrator, host, world, missed, holdings, claim, run, ended };
}

test('it renews what is held, also what came later, and no more what was released', async () => {
  const { time, orchestrator, world, holdings, claim, run } = await keptHost();
  const first = await claim();
  run();
  world.progress += 1;
  await time.advance(2.5 * MINUTE_MS);
  const second = await claim('b');
  await orchestrator.releaseTask({ token: first.token, outcome: 'succeeded' });
  holdings.remove(first);
  world.progress += 1;
  await time.advance(2.5 * MINUTE_MS);

  expect(await orchestrator.getSession(second.sessionId)).toMatchObject({ status: 'running', fence: second.fence });
  expect(holdings.list().map(({ name }) => name)).toEqual([second.name]);
  expect(holdings.fateOf(second).expiresAt).toBeGreaterThan(time.read().wall + MINUTE_MS);
  expect(holdings.fateOf(second).ended).toBeUndefined();
});

test('without progress it parks, with a note; progress counts from when it is seen', async () => {
  const { time, orchestrator, world, holdings, claim, run } = await keptHost();
  const lease = await claim();
  run();
  await time.advance(2 * MINUTE_MS);
  world.progress += 1;
  await time.advance(2.9 * MINUTE_MS);
  expect(holdings.fateOf(lease).ended).toBeUndefined();
  await time.advance(0.2 * MINUTE_MS);

  const task = await orchestrator.getTask(lease.taskId);
  expect(holdings.fateOf(lease).ended).toMatchObject({ how: 'parked', idleMs: 3 * MINUTE_MS });
  expect(task).toMatchObject({ status: 'queued', attempt: 0 });
  expect(task?.note).toBe(
    'The host of a showed no progress for 3m. Its last checkpoint, if any, is kept. Note before: begin here',
  );
  expect(isGivenBackNote('a', task?.note ?? null)).toBe(true);
});

test('a machine that slept has not been idle', async () => {
  const { time, holdings, claim, run } = await keptHost();
  const lease = await claim();
  run();
  await time.advance(MINUTE_MS);
  time.sleep(8 * 60 * MINUTE_MS);
  await time.advance(MINUTE_MS);

  expect(holdings.fateOf(lease).ended).toBeUndefined();
});

test('while the store does not answer, it tries to park again', async () => {
  const { time, orchestrator, world, claim, run } = await keptHost();
  const lease = await claim();
  run();
  world.isStoreOpen = false;
  await time.advance(4 * MINUTE_MS);
  world.isStoreOpen = true;
  await time.advance(10_000);

  expect(await orchestrator.getTask(lease.taskId)).toMatchObject({ status: 'queued' });
});

test('what happens to a lease is told to the tools', async () => {
  const { time, orchestrator, holdings, claim, run } = await keptHost();
  const [cancelled, lost] = [await claim(), await claim('b')];
  run();
  await orchestrator.cancelTask({ taskId: cancelled.taskId });
  await orchestrator.releaseTask({ token: lost.token, outcome: 'released' });
  await time.advance(MINUTE_MS);

  expect(holdings.fateOf(cancelled)).toMatchObject({ cancelRequested: true });
  expect(holdings.fateOf(lost).ended).toMatchObject({ how: 'lost', reply: { endedBy: 'task.released' } });
});

test('when the host has ended, it gives the tasks back at once, and the secrets go', async () => {
  const { time, orchestrator, world, holdings, claim, run, ended } = await keptHost();
  const leases = [await claim(), await claim('b')];
  run();
  await time.advance(1_000);
  world.isAlive = false;
  world.offspring = [{ pid: 8, program: 'node' }];
  await time.advance(300);
  expect(await orchestrator.getTask(leases[0]!.taskId)).toMatchObject({ status: 'running' });
  world.offspring = [];
  await time.advance(100);

  for (const { taskId } of leases) {
    const task = await orchestrator.getTask(taskId);
    expect(task).toMatchObject({ status: 'queued', attempt: 0, note: expect.stringContaining('The host of a ended') });
  }
  expect([ended.as, existsSync(holdings.folder)]).toEqual(['host_ended', false]);
});

test('a look that misses the host, or what it started, changes nothing', async () => {
  const { time, orchestrator, world, missed, claim, run, ended } = await keptHost();
  const lease = await claim();
  run();
  await time.advance(1_000);
  missed.host = 1;
  await time.advance(1_000);
  const afterOneLook = ended.as;
  world.isAlive = false;
  world.offspring = [{ pid: 8, program: 'make' }];
  missed.offspring = 1;
  await time.advance(1_000);

  expect(afterOneLook).toBeNull();
  expect(await orchestrator.getSession(lease.sessionId)).toMatchObject({
    status: 'running',
    progress: { still_running: [{ pid: 8, program: 'make' }] },
  });
});

test('a claim after the tasks were parked is progress', async () => {
  const { time, holdings, claim, run } = await keptHost();
  const parked = await claim();
  run();
  await time.advance(3.2 * MINUTE_MS);
  const next = await claim('b');
  await time.advance(2.9 * MINUTE_MS);

  expect(holdings.fateOf(parked).ended).toMatchObject({ how: 'parked' });
  expect(holdings.held().map(({ fence }) => fence)).toEqual([next.fence]);
});

test('while the disk is full it renews and parks, and what became of the leases is told later', async () => {
  const { time, orchestrator, world, holdings, claim, run } = await keptHost();
  const lease = await claim();
  const disk = vi.spyOn(holdings, 'tell').mockImplementation(() => {
    throw new Error('ENOSPC');
  });
  run();
  await time.advance(2.5 * MINUTE_MS);
  const renewed = await orchestrator.getSession(lease.sessionId);
  await time.advance(MINUTE_MS);
  const parked = await orchestrator.getTask(lease.taskId);
  disk.mockRestore();
  world.progress += 1;
  await time.advance(2_000);

  expect(renewed).toMatchObject({ status: 'running', fence: lease.fence });
  expect(parked).toMatchObject({ status: 'queued' });
  expect(holdings.fateOf(lease).ended).toMatchObject({ how: 'parked' });
});

test('what the host started and lives on is said, and silence decides', async () => {
  const { time, orchestrator, world, claim, run, ended } = await keptHost();
  const lease = await claim();
  run();
  await time.advance(1_000);
  world.isAlive = false;
  world.offspring = Array.from({ length: 7 }, (_, index) => ({ pid: index + 8, program: 'make' }));
  await time.advance(1_000);

  expect(ended.as).toBe('host_ended');
  const session = await orchestrator.getSession(lease.sessionId);
  expect(session).toMatchObject({ status: 'running', processGroup: 0 });
  expect(readStillRunning(session?.progress)).toEqual({ named: world.offspring.slice(0, 5), more: 2 });
  for (const other of [
    null,
    'make',
    { still_running: ['make (8)'] },
    { host_ended: true, still_running: [8], more: 0 },
  ])
    expect(readStillRunning(other)).toBeNull();
  await time.advance(10 * MINUTE_MS);
  expect((await orchestrator.staleRecovery()).recovered).toHaveLength(1);
});

test.for([
  ['', []],
  [', and what lives on is noted here', [{ pid: 8, program: 'make' }]],
] as const)('a store that does not answer does not keep it after the end of the host%s', async ([, offspring]) => {
  const { time, host, world, holdings, claim, run, ended } = await keptHost();
  await claim();
  world.offspring = [...offspring];
  run();
  await time.advance(1_000);
  world.isStoreOpen = false;
  world.isAlive = false;
  await time.advance(1_000);

  expect([ended.as, existsSync(holdings.folder)]).toEqual(['host_ended', false]);
  expect(hasLeftWork(host.folder)).toBe(offspring.length > 0);
});

test('when nothing is held, it ends', async () => {
  const { time, orchestrator, holdings, claim, run, ended } = await keptHost();
  const lease = await claim();
  run();
  await time.advance(MINUTE_MS);
  await orchestrator.releaseTask({ token: lease.token, outcome: 'succeeded' });
  holdings.remove(lease);
  await time.advance(20_000);
  expect(ended.as).toBeNull();
  await time.advance(20_000);
  await settle();

  expect(ended.as).toBe('nothing_held');
});

test.skipIf(process.platform === 'win32')('what is held is private to the user', async () => {
  const { holdings, claim } = await keptHost();
  const { fence } = await claim();
  const modes = ['.', 'leases', `leases/${fence}.json`].map(
    (path) => statSync(join(holdings.folder, path)).mode & 0o777,
  );

  expect(modes).toEqual([0o700, 0o700, 0o600]);
});

test('a keeper whose start cannot be seen keeps for as long as it says so', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kept-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'keeper.json');
  const makeOld = () => utimesSync(file, 0, 0);
  replacePrivateFile(file, { pid: process.pid, start: '' });

  const fresh = isKept(folder);
  makeOld();
  const old = isKept(folder);
  isKeeping(folder);

  expect([fresh, old, isKept(folder)]).toEqual([true, false, true]);
});
