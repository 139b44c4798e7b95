// Long series of reads, such as verify and lists to their end make:
// - timers and other callers get their turn meanwhile, in a snapshot and outside of one
// - a few reads do not wait for a turn of the event loop
import type { Reader } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import { openSqliteStorage } from '../src/index.ts';
import { newPath } from './temporary-store.ts';

const SERIES_MS = 200;

async function opened() {
  const storage = await openSqliteStorage({ path: newPath() });
  await storage.migrate();
  return { read: storage.read, [Symbol.asyncDispose]: () => storage.close() };
}

/** Reads on and on; each read is answered at once. */
async function readFor(ms: number, reader: Reader): Promise<number> {
  const end = performance.now() + ms;
  let reads = 0;
  for (; performance.now() < end; reads += 1) await reader.tasks({ namespace: 'default', limit: 100 });
  return reads;
}

test.each<[string, (read: Reader) => Promise<number>]>([
  ['outside of a snapshot', (read) => readFor(SERIES_MS, read)],
  ['in a snapshot', (read) => read.snapshot((reader) => readFor(SERIES_MS, reader))],
])('timers get their turn during many reads %s', async (_where, series) => {
  await using storage = await opened();
  await storage.read.now();
  let ticks = 0;
  const timer = setInterval(() => (ticks += 1), 1);

  const reads = await series(storage.read);
  clearInterval(timer);

  // Each turn of reads is 10 ms long; a busy machine makes them longer, but never one of all.
  expect(ticks).toBeGreaterThan(4);
  expect(reads).toBeGreaterThan(ticks);
});

test('a few reads are answered in one turn', async () => {
  await using storage = await opened();
  await storage.read.now();
  await new Promise((resume) => setImmediate(resume));
  let turns = 0;
  setImmediate(() => (turns += 1));

  for (let reads = 0; reads < 3; reads += 1) await storage.read.now();

  expect(turns).toBe(0);
});
