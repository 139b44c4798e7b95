/*
 * A task that is cancelled ends soon, not by the next heartbeat, which comes after a quarter of the TTL:
 *  - the command of `run`, with a journal or without
 *  - on a shared store as well (`run-postgres.slow.test.ts`)
 */
import { join } from 'node:path';
import { test } from 'vitest';
import { Cli } from './support/cli.ts';
import { addTask, Running } from './support/running.ts';

/** The heartbeat comes after 15 minutes. */
const TTL = '1h';

test.concurrent.for([[], ['--journal']])('run %j ends its command', { timeout: 60_000 }, async (words, { expect }) => {
  using cli = new Cli();
  const task = await addTask(cli);
  const journal = words.length === 0 ? [] : ['--journal', join(cli.folder, 'journal')];
  using running = new Running(cli, [...journal, '--ttl', TTL, '--', 'sh', '-c', 'echo "pid $$"; exec sleep 100']);
  await running.command();

  const cancelledAt = performance.now();
  await cli.run(['task', 'cancel', task]);
  const { exit } = await running.finished;

  expect(exit).toBe(143);
  // Two programs start and end meanwhile.
  expect(performance.now() - cancelledAt).toBeLessThan(40_000);
});
