/*
 * Moving house with a long log, for real:
 *  - 100,000 events from a file to a server and back into a new file, the mover killed with SIGKILL again and again on the
 *    way: it goes on each time, nothing is lost or doubled, and never can both stores be written
 *  - it says how far it has come
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { openOrchestrator, type Orchestrator } from '@agent-orchestrator/runtime';
import { expect, onTestFinished, test } from 'vitest';
import { Random } from '../packages/storage-conformance/src/processes/random.ts';
import { claim, newPlace, opened } from './support/stores.ts';

const EVENTS = 100_000;
const SESSIONS = 1_000;
const KILLS = 4;
const program = fileURLToPath(new URL('../apps/cli/bin/orchestrator.js', import.meta.url));

test('100,000 events move to a server and back, with the mover killed on the way', { timeout: 240_000 }, async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  process.stdout.write(`seed of the kills: ${seed}\n`);
  const random = new Random(seed);
  const places = [await newPlace('sqlite'), await newPlace('postgres'), await newPlace('sqlite')] as const;
  const first = await opened(places[0]);
  await work(first);
  const held = await heldIn(first);
  const events = (await first.counts('default', 1_000_000)).events;
  expect(events).toBeGreaterThanOrEqual(EVENTS);

  for (const [index, from] of places.slice(0, 2).entries()) {
    const to = places[index + 1] ?? '';
    const old = await opened(from);
    for (let kills = 0; kills < KILLS; kills += 1) {
      const said = await killedOnTheWay(from, to, random);
      expect(said).not.toContain('moved:');
      await expect(old.enqueueTask({})).rejects.toMatchObject({ code: 'STORE_MOVED' });
      await expect(openOrchestrator(to)).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
    }

    const { exit, stdout, stderr } = await move(from, to);

    expect([exit, stderr]).toEqual([0, expect.stringContaining('comparing')]);
    expect(stdout).toContain(`${events} events`);
    await expect(old.enqueueTask({})).rejects.toMatchObject({ code: 'STORE_MOVED' });
  }

  const last = await opened(places[2]);
  expect(await last.verify()).toMatchObject({ ok: true, events });
  expect(await last.heartbeat(held)).toMatchObject({ ok: true });
  const { id } = (await last.enqueueTask({ id: 'next', sessionId: 'next' })).task;
  expect((await claim(last, id)).token).toBeGreaterThan(held.token);
});

/** Does a task in every session, round by round, until the log is long enough; and leaves one more in each. */
async function work(orchestrator: Orchestrator): Promise<void> {
  for (let events = 0; events < EVENTS; events += 3 * SESSIONS) {
    await addToEach(orchestrator);
    const claimed = await orchestrator.claimTasks({ agent: 'company-agent', limit: SESSIONS });
    if (!claimed.ok) throw new Error(`nothing was claimed: ${claimed.reason}`);
    const leases = claimed.claims.map(({ lease: { sessionId, token } }) => ({ sessionId, token }));
    await orchestrator.releaseTasks(leases.map((lease) => ({ ...lease, outcome: 'succeeded' })));
  }
  await addToEach(orchestrator);
}

async function addToEach(orchestrator: Orchestrator): Promise<void> {
  const payload = { text: 'x'.repeat(200) };
  await orchestrator.enqueueTasks(Array.from({ length: SESSIONS }, (_, at) => ({ sessionId: `s${at}`, payload })));
}

async function heldIn(orchestrator: Orchestrator): Promise<{ sessionId: string; token: number }> {
  const claimed = await orchestrator.claimTask({ agent: 'company-agent', ttlMs: 3_600_000 });
  if (!claimed.ok) throw new Error('nothing was claimed');
  const { sessionId, token } = claimed.lease;
  return { sessionId, token };
}

/** Starts the move, and kills it after it has come a little further. */
async function killedOnTheWay(from: string, to: string, random: Random): Promise<string> {
  const child = start(from, to);
  let said = '';
  child.stdout.on('data', (data: Buffer) => (said += data.toString()));
  setTimeout(() => child.kill('SIGKILL'), random.between(400, 1_600));
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
  return said;
}

async function move(from: string, to: string): Promise<{ exit: number | null; stdout: string; stderr: string }> {
  const child = start(from, to);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const [exit] = (await once(child, 'close')) as [number | null];
  return { exit, stdout, stderr };
}

function start(from: string, to: string) {
  const child = spawn(process.execPath, [program, 'store', 'move', '--from', from, '--to', to]);
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}
