/*
 * Since, on the command line:
 *  - it tells what happened by groups, each number with the command that lists its rows, and what waits
 *  - `last` continues where the last look ended, per namespace
 *  - a look at a part only, or one that was not read, does not count
 *  - events --after as_of continues from there
 *  - it takes a duration, a time, an event number; everything else is 64
 *  - an event number that the log has not reached is refused, and the argument is named
 *  - where the look cannot be noted, the answer is given, and a remark says so
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import { Cli, holderOf } from './support/cli.ts';
import { runOnceAged, until } from './support/running.ts';

test.concurrent('it tells what happened by groups, and each number leads to its rows', async ({ expect }) => {
  using cli = new Cli();
  const { id } = (await cli.json(['task', 'create', 'Count\u001b[2J', '--session', 's'])).data;
  await work(cli, 's', 'succeeded');
  await cli.run(['task', 'create', 'Break', '--session', 't', '--attempts-max', '1']);
  await work(cli, 't', 'failed', '--error', 'no space');
  await cli.run(['task', 'create', 'Sign', '--session', 'u']);
  await work(cli, 'u', 'handed_off', '--to', 'jane', '--note', 'please');

  const { stdout } = await until(() => runOnceAged(cli, ['since', '1h', '--agent', 'jane']));
  const { data, meta } = await cli.json(['since', '0', '--agent', 'jane']);
  const listed = await cli.json(['events', '--after', '0', '--type', 'task.succeeded']);
  const after = await cli.json(['events', '--after', String(meta['as_of'])]);

  expect(stdout).toMatch(/^SINCE \S+ \S+ [+-]\d\d:\d\d \(1h ago\), event #0\n/);
  expect(stdout).toContain('  ✓ 1 done  orchestrator events --after 0 --type task.succeeded\n');
  expect(stdout).toContain(String.raw`task t1  Count\u{1b}[2J  by a`);
  expect(stdout).toMatch(/✗ 1 failed .*\n.*Break {2}by a {2}a dead letter {2}error: no space\n/);
  expect(stdout).toMatch(/WAITING FOR YOU\n {2}1 dead letter {2}orchestrator task list .*--status failed\b/);
  expect(stdout).toMatch(/for you\n.* Sign {2}for jane, handed off by a \S+ ago {2}note: please\n/);
  expect(data).toMatchObject({
    from: { event_id: 0, at: null },
    is_capped: false,
    groups: [
      { name: 'done', count: 1, rows: [{ task_id: id, at: expect.stringMatching(/Z$/) }] },
      { name: 'reviewed', count: 0 },
      { name: 'failed', count: 1 },
      { name: 'cancelled', count: 0, rows: [] },
      { name: 'recovered', count: 0 },
      { name: 'returned', count: 0 },
      { name: 'refused', count: 0 },
      { name: 'answered', count: 0 },
      { name: 'keys', count: 0 },
    ],
    waiting: { dead_letters: { count: 1 }, for_you: [{ title: 'Sign', note: 'please' }] },
  });
  expect((listed.data as unknown as unknown[]).length).toBe(1);
  expect(after.data).toEqual([]);
});

test.concurrent('an event that the log has not reached is refused, and the argument is named', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x']);

  const { exit, stderr } = await cli.run(['since', '99999']);
  const reached = await cli.run(['since', '2']);

  expect([exit, reached.exit]).toEqual([65, 0]);
  expect(stderr).toContain(
    'The log ends at event #2, before event #99999, after which to begin. (TIME) [CURSOR_AHEAD]',
  );
});

test.concurrent('last continues where the last look ended; a look at a part, or unread, does not count', async ({
  expect,
}) => {
  using cli = new Cli();
  const done = async () => {
    const { data, exit } = await cli.json(['since']);
    return [exit, (data['groups'] as { count: number }[])[0]?.count, (data['last_look'] as object | null) === null];
  };
  await cli.run(['task', 'create', 'x', '--session', 's']);
  await work(cli, 's', 'succeeded');

  const unread = await cli.shell('since | true');
  const first = await done();
  const nothing = await cli.run(['since', 'last']);
  await cli.run(['task', 'create', 'y', '--session', 's']);
  await work(cli, 's', 'succeeded');
  const { meta } = await cli.json(['events', '--after', '0', '--limit', '1', '--type', 'task.queued']);
  await cli.run(['since', '--', '0s']);
  const afterPart = await done();
  const elsewhere = await cli.json(['since', '--namespace', 'other']);

  expect(unread.exit).toBe(0);
  expect(first).toEqual([0, 1, true]);
  expect(nothing.stdout).toMatch(
    /^SINCE your last look \S+ \S+ [+-]\d\d:\d\d \(.*\), event #\d+\n {2}nothing was done/,
  );
  expect(meta['as_of']).toBeGreaterThan(4);
  expect(afterPart).toEqual([0, 1, false]);
  expect(await done()).toEqual([0, 0, false]);
  expect(elsewhere.data).toMatchObject({ last_look: null });
});

test.concurrent('it takes a duration, a time or an event; everything else is 64', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['store', 'init']);
  const exits = async (words: string[]) =>
    Promise.all(words.map(async (word) => (await cli.json(['since', word])).exit));

  expect(await exits(['2h', '0', '2026-01-31', '2026-01-31T09:00Z', '2026-01-31T09:00:00.5+09:00'])).toEqual([
    0, 0, 0, 0, 0,
  ]);
  expect(await exits(['yesterday', '2h30m', '2026-02-31T09:00Z', '2026-01-31T09:00', '2026-01-31T25:00Z'])).toEqual([
    64, 64, 64, 64, 64,
  ]);
});

test.concurrent('where the look cannot be noted, the answer is given, and a remark says so', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['store', 'init']);
  const state = join(cli.folder, 'state');
  mkdirSync(state);
  writeFileSync(join(state, 'orchestrator'), 'a file where a folder should be');

  const { exit, stdout, stderr } = await cli.run(['since'], { env: { OPENCLAW_STATE_DIR: state } });

  expect([exit, stdout.startsWith('SINCE ')]).toEqual([0, true]);
  expect(stderr).toMatch(/^orchestrator: your last look could not be stored: /);
});

async function work(cli: Cli, session: string, outcome: string, ...how: string[]): Promise<void> {
  const { lease } = (await cli.json(['claim', '--agent', 'a', '--session', session])).data;
  await cli.run(['release', ...holderOf(lease), '--outcome', outcome, ...how]);
}
