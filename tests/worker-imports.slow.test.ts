/*
 * What a worker imports after its store was opened: nothing. An import on the way stops the event loop, and with it the
 * heartbeats of all tasks (drizzle's took a second).
 */
import { expect, test } from 'vitest';
import { runFile } from './support/program.ts';
import { KINDS, newPlace, opened } from './support/stores.ts';

const WORKER = new URL('support/worker-imports.ts', import.meta.url);

test.each(KINDS)('a worker on %s imports nothing while it works', async (kind) => {
  const url = await newPlace(kind);
  const orchestrator = await opened(url);
  await orchestrator.enqueueTasks([{}, {}, {}]);

  const { exit, stdout, stderr } = await runFile(WORKER, { url, ms: 2_500 }, {});

  expect([exit, stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout)).toMatchObject({ imported: [], tasks: { succeeded: 3 } });
});
