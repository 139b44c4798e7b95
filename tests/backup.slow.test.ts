/*
 * Backups and restores with a long log, for real:
 *  - a backup that is killed with SIGKILL, at any moment, leaves nothing under its name, and the next one is whole
 *  - a restore that is killed again and again goes on each time; the store does not open before it is done
 *  - after it, each token granted before is refused, and each later one is greater
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openOrchestrator } from '@agent-orchestrator/runtime';
import { expect, test } from 'vitest';
import { Random } from '../packages/storage-conformance/src/processes/random.ts';
import { work } from './support/long-log.ts';
import { killed, run } from './support/program.ts';
import { claim, KINDS, newFolder, newPlace, opened } from './support/stores.ts';

const EVENTS = 30_000;
const KILLS = 3;

test.for(KINDS)('from %s to the other: backup and restore, killed on the way', { timeout: 240_000 }, async (kind) => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  process.stdout.write(`seed of the kills: ${seed}\n`);
  const random = new Random(seed);
  const [store, to] = [await newPlace(kind), await newPlace(kind === 'sqlite' ? 'postgres' : 'sqlite')];
  const folder = newFolder();
  const file = join(folder, 'backup.db');
  const before = await opened(store);
  await work(before, EVENTS);
  const held = await before.claimTasks({ agent: 'company-agent', limit: 500, ttlMs: 3_600_000 });
  const leases = held.ok ? held.claims.map(({ lease: { sessionId, token } }) => ({ sessionId, token })) : [];
  const backup = ['store', 'backup', file, '--store', store];

  for (let kills = 0; kills < KILLS; kills += 1) {
    expect((await killed(backup, random.between(250, 600))).signal).toBe('SIGKILL');
    expect(existsSync(file)).toBe(false);
  }
  expect(await run(backup)).toMatchObject({ exit: 0, stdout: expect.stringContaining('state = log') });
  expect(readdirSync(folder)).toEqual(['backup.db']);
  await before.enqueueTask({ id: 'since' });
  const since = await claim(before, 'since');

  const restore = ['store', 'restore', file, '--to', to];
  for (let kills = 0; kills < KILLS; kills += 1) {
    expect((await killed(restore, random.between(300, 700))).signal).toBe('SIGKILL');
    await expect(openOrchestrator(to)).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
  }
  expect(await run(restore)).toMatchObject({ exit: 0, stdout: expect.stringContaining('state = log') });

  const after = await opened(to);
  const refusals = await Promise.all([...leases, since].map((lease) => after.heartbeat(lease)));
  expect(refusals.filter(({ ok }) => ok)).toEqual([]);
  const again = await after.claimTasks({ agent: 'company-agent', limit: 500 });
  const tokens = again.ok ? again.claims.map(({ lease }) => lease.token) : [];
  expect(tokens).toHaveLength(500);
  expect(Math.min(...tokens)).toBeGreaterThan(since.token);
  expect(await after.verify()).toMatchObject({ ok: true });
});
