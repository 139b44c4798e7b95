/*
 * Commands of one machine whose wall clocks are not the same, as processes:
 *  - an attempt that fails while the clock is hours ahead is tried again as soon as one that fails with the right clock
 *  - beside a recovery that watches with another clock, each dead holder is recovered once, and the log is not filled
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import { Cli } from './support/cli.ts';
import { addTask, until } from './support/running.ts';

const HOUR_MS = 3_600_000;

/** The environment of a command whose clock is ahead. */
function ahead(cli: Cli, hours: number): { readonly NODE_OPTIONS: string } {
  const file = join(cli.folder, 'ahead.mjs');
  writeFileSync(file, `const now = Date.now; Date.now = () => now() + ${hours * HOUR_MS};`);
  return { NODE_OPTIONS: `--import=${file}` };
}

const ofType = (all: readonly string[], type: string) => all.filter((one) => one === type).length;

test.concurrent.for([9, 36])(
  'an attempt that failed while the clock was %i h ahead is soon tried again',
  { timeout: 60_000 },
  async (hours, { expect }) => {
    using cli = new Cli();
    const id = await addTask(cli);

    const failed = await cli.run(['run', '--agent', 'a', '--', 'false'], { env: ahead(cli, hours) });
    const claimed = await cli.json(['claim', '--agent', 'a', '--wait', '30s']);

    expect([failed.exit, claimed.data]).toMatchObject([1, { task: { id, attempt: 2 } }]);
  },
);

test.concurrent.for([1, -1])(
  'beside a recover whose clock is %i h ahead, dead holders are recovered once',
  { timeout: 60_000 },
  async (hours, { expect }) => {
    using cli = new Cli();
    const sessions = ['one', 'two', 'three', 'four', 'five'];
    for (const session of sessions) {
      await cli.run(['task', 'create', 'x', '--session', session]);
      const claim = ['claim', '--agent', 'dead', '--session', session, '--ttl', '2s', '--stale-after', '2s'];
      await cli.run(claim);
    }

    const watches = [{}, ahead(cli, hours)].map((env) => cli.start(['recover', '--watch', '--jsonl'], { env }));
    const types = async () => {
      const { data } = await cli.json(['events', '--after', '0', '--limit', '500']);
      return (data as unknown as { type: string }[]).map(({ type }) => type);
    };
    await until(async () => ofType(await types(), 'task.recovered') === sessions.length, 30_000);
    // Both look again, several times.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const all = await types();
    for (const watch of watches) watch.kill('SIGINT');

    expect(ofType(all, 'task.recovered')).toBe(sessions.length);
    expect(ofType(all, 'clock.jumped')).toBeLessThanOrEqual(1);
  },
);
