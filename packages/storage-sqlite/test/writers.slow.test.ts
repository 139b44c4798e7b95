import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openSqliteStorage } from '../src/index.ts';
import { keptIfItFails } from './crowd.ts';
import { Program } from './program.ts';
import { judge, WHOLE } from './whole.ts';

const WRITERS = 10;
const WRITING_MS = 8_000;

test('ten processes write at once and none is told that the store is busy', { timeout: 120_000 }, async () => {
  const folder = keptIfItFails();
  const path = `${folder}/store.db`;
  const storage = await openSqliteStorage({ path });
  await storage.migrate();
  await storage.close();
  const writers = Array.from(
    { length: WRITERS },
    (_, at) => new Program('writer', folder, { path, agent: `writer-${at + 1}` }),
  );
  await Promise.all(writers.map(async (writer) => writer.said('ready')));

  for (const writer of writers) writer.tell('start');
  await setTimeout(WRITING_MS);
  for (const writer of writers) writer.tell('stop');
  const results = await Promise.all(writers.map(async (writer) => writer.said('result')));
  await Promise.all(writers.map(async (writer) => writer.exited()));

  expect(results.flatMap(({ errors }) => errors)).toEqual([]);
  const served = results.map((result) => Number(result['served'])).toSorted((a, b) => a - b);
  const [least = 0, most = 0] = [served.at(0), served.at(-1)];
  const longestMs = Math.max(...results.map((result) => Number(result['longestMs'])));
  const total = served.reduce((sum, count) => sum + count, 0);
  console.log(
    `ten writers for ${WRITING_MS / 1000} s: ${total} tasks enqueued, claimed and released; ` +
      `least served ${least}, most served ${most} (${(least / most).toFixed(2)}); ` +
      `longest wait of a cycle ${longestMs} ms`,
  );
  expect(least).toBeGreaterThan(0);
  expect((await judge(path)).whole).toEqual(WHOLE);
});
