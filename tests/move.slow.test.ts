/*
 * Moving house with a long log, for real:
 *  - 100,000 events from a file to a server and back into a new file, the mover killed with SIGKILL again and again on
 *    the way: it continues each time, nothing is lost or doubled, and never can both stores be written
 *  - it says how far it has come
 *  - rows as large as they may be, moved, backed up and restored with far less memory than they fill
 */
import { join } from 'node:path';
import type { Lease } from '@agent-orchestrator/core';
import { counted, LIMITS, openOrchestrator, type Orchestrator } from '@agent-orchestrator/runtime';
import { expect, test } from 'vitest';
import { Random } from '../packages/storage-conformance/src/processes/random.ts';
import { work } from './support/long-log.ts';
import type { MoverSettings } from './support/mover.ts';
import { run, runFile } from './support/program.ts';
import { claim, newFolder, newPlace, opened } from './support/stores.ts';

const EVENTS = 100_000;
const KILLS = 4;
const LARGE_TASKS = 150;
const HEAP_MB = 160;

test('100,000 events move to a server and back, with the mover killed on the way', { timeout: 240_000 }, async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  process.stdout.write(`seed of the kills: ${seed}\n`);
  const random = new Random(seed);
  const places = [await newPlace('sqlite'), await newPlace('postgres'), await newPlace('sqlite')] as const;
  const first = await opened(places[0]);
  await work(first, EVENTS);
  const held = await heldIn(first);
  const events = (await first.counts('default', 1_000_000)).events;
  expect(events).toBeGreaterThanOrEqual(EVENTS);

  for (const [index, from] of places.slice(0, 2).entries()) {
    const to = places[index + 1] ?? '';
    const old = await opened(from);
    for (let kills = 0; kills < KILLS; kills += 1) {
      const part = (kills + random.next()) / (KILLS + 1);
      expect(await killedOnTheWay({ from, to, part })).toMatchObject({ signal: 'SIGKILL', stdout: '' });
      await expect(old.enqueueTask({})).rejects.toMatchObject({ code: 'STORE_MOVED' });
      await expect(openOrchestrator(to)).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
    }

    const { exit, stdout, stderr } = await move(from, to);

    expect([exit, stderr]).toEqual([0, expect.stringContaining('comparing')]);
    expect(stdout).toContain(counted(events, 'event'));
    await expect(old.enqueueTask({})).rejects.toMatchObject({ code: 'STORE_MOVED' });
  }

  const last = await opened(places[2]);
  expect(await last.verify()).toMatchObject({ ok: true, events });
  expect(await last.heartbeat({ token: held.token })).toMatchObject({ ok: true });
  const { id } = (await last.enqueueTask({ id: 'next', sessionId: 'next' })).task;
  expect((await claim(last, id)).fence).toBeGreaterThan(held.fence);
});

test('the largest rows go where they are to go with a small heap', { timeout: 240_000 }, async () => {
  const [file, server, restored] = [await newPlace('sqlite'), await newPlace('postgres'), await newPlace('postgres')];
  const backup = join(newFolder(), 'backup.db');
  const orchestrator = await opened(file, { synchronous: 'NORMAL' });
  // Two bytes a character in memory, for the one that is not of Latin-1.
  const text = `ā${'x'.repeat(LIMITS.payload_bytes_max - 4)}`;
  for (let at = 0; at < LARGE_TASKS; at += 1) {
    await orchestrator.enqueueTask({ id: `task-${at}`, payload: text });
    const held = await claim(orchestrator, `task-${at}`);
    await orchestrator.releaseTask({ token: held.token, outcome: 'succeeded', result: text });
  }

  const ends = [
    await runSmall('store', 'move', '--from', file, '--to', server),
    await runSmall('store', 'backup', backup, '--store', server),
    await runSmall('store', 'restore', backup, '--to', restored),
  ];

  expect(ends.map(({ exit, signal, stderr }) => (exit === 0 ? 'done' : `${exit} ${signal} ${stderr}`))).toEqual([
    'done',
    'done',
    'done',
  ]);
  const after = await opened(restored);
  expect((await after.counts()).tasks.succeeded).toBe(LARGE_TASKS);
  expect((await after.getTask('task-0'))?.result).toBe(text);
});

async function heldIn(orchestrator: Orchestrator): Promise<Lease> {
  const claimed = await orchestrator.claimTask({ agent: 'company-agent', ttlMs: 3_600_000 });
  if (!claimed.ok) throw new Error('nothing was claimed');
  return claimed.lease;
}

/** With a heap that is too small for all rows, and for a page of 500 of them. */
function runSmall(...words: readonly string[]) {
  return run(words, [`--max-old-space-size=${HEAP_MB}`]);
}

function move(from: string, to: string) {
  return run(['store', 'move', '--from', from, '--to', to]);
}

/** Continues with the move until so much of it is done. */
function killedOnTheWay(settings: MoverSettings) {
  return runFile(new URL('support/mover.ts', import.meta.url), settings, {});
}
