/*
 * Where the private files of a host cannot be written:
 *  - a task that was claimed is given back with its note, the answer says why, and the next claim gets it
 *  - without an answer of the store meanwhile, the next claim gets that lease
 *  - a keeper that ends at once is started some times, then the next answer says it
 *  - the look that runs by itself ends neither the server nor the host around it; nor does a lack of processes
 */
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Holdings,
  KEEPER_BOUNDS,
  startKeeper,
  type HeldLease,
  type RegisteredHost,
  type StoreAccess,
} from '@agent-orchestrator/runtime';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { HostSide } from '../src/leases/host-side.ts';
import { Workplace } from './support/workplace.ts';

const spawned = vi.hoisted(() => vi.fn<() => unknown>());
vi.mock('node:child_process', async (original) => ({ ...(await original<object>()), spawn: spawned }));

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const full = () => Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });

test('a task that was claimed is given back, and the next claim gets it', async () => {
  await using work = new Workplace();
  await work.others(async (one) => {
    await one.enqueueTask({ title: 'a' });
    const claimed = await one.claimTask({ agent: 'home-agent' });
    if (claimed.ok) await one.releaseTask({ token: claimed.lease.token, outcome: 'released', note: 'begin here' });
  });
  vi.spyOn(Holdings.prototype, 'add').mockImplementationOnce(() => {
    throw full();
  });

  const refused = await work.call('claim_task');
  const task = await work.others((one) => one.getTask('t1'));
  const next = await work.call('claim_task');

  expect(refused).toMatchObject({
    isError: true,
    text: expect.stringMatching(/^The files of this host cannot be written \(ENOSPC\)/u),
  });
  expect(task).toMatchObject({ status: 'queued', attempt: 0, note: 'begin here' });
  expect(next.lines[0]).toMatch(/^You hold t1 until /u);
});

test('a store that does not answer meanwhile leaves the lease to the next claim', async () => {
  await using work = new Workplace();
  await work.others((one) => one.enqueueTask({ title: 'a' }));
  // The lease is written, and what follows is not.
  const { holdings } = work.held;
  const add = holdings.add.bind(holdings);
  vi.spyOn(Holdings.prototype, 'add').mockImplementationOnce((...words) => {
    add(...words);
    throw full();
  });
  const send = work.store.send.bind(work.store);
  vi.spyOn(work.store, 'send').mockImplementationOnce(send).mockRejectedValueOnce(new Error('no answer'));

  const refused = await work.call('claim_task');
  const next = await work.call('claim_task');

  expect(refused.isError).toBe(true);
  expect(next.lines[0]).toMatch(/^You hold t1 until /u);
});

/** A host, by its private folder. */
function hostIn(folder: string): RegisteredHost {
  const process = { host: 'h', boot: 'b', pid: 1, start: '2' };
  return { name: 'codex', agent: 'a', conversation: null, transcript: null, folder, process };
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'full-disk-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** The side of a server, with clocks that the test moves. */
function sideIn(folder: string): HostSide {
  vi.useFakeTimers();
  const terms = { roles: [], ttlMs: 60_000, staleAfterMs: 60_000, parkAfterMs: 60_000 };
  const place = { store: {} as StoreAccess, url: 'memory:', namespace: 'default', keeperProgram: 'keeper.js' };
  const side = new HostSide({ ...terms, ...place, agent: 'a', instance: 'i', findHost: () => hostIn(folder) });
  onTestFinished(() => side[Symbol.dispose]());
  return side;
}

test('the look that runs by itself ends no process', () => {
  const side = sideIn(temporaryFolder());
  side.contextFor(null);
  const look = vi.spyOn(Holdings.prototype, 'list').mockImplementation(() => {
    throw full();
  });

  vi.advanceTimersByTime(10_000);

  expect(look).toHaveBeenCalledTimes(2);
});

test('a keeper that ends at once is not started for ever, and the next answer says it', () => {
  spawned.mockReset().mockReturnValue(new EventEmitter());
  const side = sideIn(temporaryFolder());
  const list = vi.spyOn(Holdings.prototype, 'list').mockReturnValue([{ fence: 1, name: 't1' } as HeldLease]);
  side.contextFor(null);

  vi.advanceTimersByTime(50_000);
  const quick = spawned.mock.calls.length;
  const { held } = side.contextFor(null);
  const notices = held.tell(held.listen());
  vi.advanceTimersByTime(20_000);
  const later = spawned.mock.calls.length;
  vi.advanceTimersByTime(50_000);
  // What ended meanwhile needs no keeper.
  list.mockReturnValue([]);
  const stale = held.tell(side.contextFor(null).held.listen());

  expect([quick, later, stale]).toEqual([3, 6, []]);
  expect(notices).toEqual([expect.stringMatching(/^Nothing renews the lease of t1: /u)]);
});

test('without a free process no keeper is started, and none is told', () => {
  // As Node does it where there is no free file.
  spawned.mockReset().mockReturnValue(new EventEmitter());
  const place = { signs: '/dev/null/host', store: 'memory:' };
  const task = { ...place, host: hostIn('/dev/null/host'), namespace: 'default', bounds: KEEPER_BOUNDS };

  startKeeper('keeper.js', { folder: '/dev/null/holdings' }, task);

  expect(spawned).toHaveBeenCalledOnce();
});
