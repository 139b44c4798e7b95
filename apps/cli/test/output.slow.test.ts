/*
 * What is printed:
 *  - answers go to stdout, chatter to stderr with its prefix; --quiet prints ids alone
 *  - a state is a word and a glyph; nothing is coloured where no terminal is, but FORCE_COLOR is honoured
 *  - stored text cannot move the cursor, reorder or hide anything, in text and in JSON alike
 *  - a list that was cut says so, and how it continues
 *  - an error names its code and a next step, and no hint is a destructive command
 *  - help exit-codes prints the one table; help limits prints the limits; help of a command is that of its --help
 *  - --version prints the version of the package
 *  - no command at all is refused with a next step
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ERRORS } from '@agent-orchestrator/core';
import { EXIT_CODES, EXIT_OF } from '../src/exit-codes.ts';
import { Cli } from './support/cli.ts';

test.concurrent('answers go to stdout, chatter to stderr with its prefix; --quiet prints ids alone', async ({
  expect,
}) => {
  using cli = new Cli();

  const text = await cli.run(['task', 'create', 'Count']);
  const quiet = await cli.run(['task', 'create', 'Count', '--quiet']);
  const list = await cli.run(['task', 'list', '--quiet']);

  expect(text.stdout).toMatch(/^added: ○ queued {2}t\d+ {2}Count\n$/);
  expect(text.stderr).toMatch(/^orchestrator: next: .*\n$/);
  expect(quiet.stderr).toBe('');
  expect(list.stdout.split('\n')[1]).toBe(quiet.stdout.trim());
});

test.concurrent('nothing is coloured where no terminal is, but FORCE_COLOR is honoured', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x']);

  const plain = await cli.run(['task', 'list']);
  const forced = await cli.run(['task', 'list'], { env: { FORCE_COLOR: '1' } });
  const dumb = await cli.run(['task', 'list'], { env: { TERM: 'dumb' } });

  expect(plain.stdout).not.toContain('\u001b');
  expect(dumb.stdout).not.toContain('\u001b');
  expect(forced.stdout).toContain('\u001b[36m○ queued');
});

test.concurrent.for([[], ['run'], ['store', 'move']])('help %j prints what --help does', async (words, { expect }) => {
  using cli = new Cli();

  const help = await cli.run(['help', ...words]);
  const flag = await cli.run([...words, '--help']);

  expect(help).toEqual(flag);
  expect(help.stdout.split('\n').length).toBeGreaterThan(10);
});

test.concurrent('stored text cannot move the cursor, reorder or hide anything', async ({ expect }) => {
  using cli = new Cli();
  const title = 'a\u001b[2Jb\u202ec\u0007d\u200be\nf\u{e0041}\u009b31m한글';
  await cli.run(['task', 'create', '--jsonl', '-'], { input: JSON.stringify({ title, session: 's' }) });
  const claimed = await cli.run(['claim', '--agent', 'a']);
  const views = [['task', 'list'], ['events'], ['status'], ['session', 'show', 's']];

  const texts = [claimed, ...(await Promise.all(views.map(async (words) => cli.run(words))))];
  const json = await cli.run(['task', 'list', '--json']);

  const unsafe = /[^\P{Cc}\n]|[\u200b\u202e\u{e0041}]/u;
  for (const { stdout, stderr } of [...texts, json]) expect(stdout + stderr).not.toMatch(unsafe);
  expect(claimed.stdout).toContain(String.raw`a\u{1b}[2Jb\u{202e}c\u{7}d\u{200b}e\nf\u{e0041}\u{9b}31m한글`);
  expect((JSON.parse(json.stdout) as { data: { title: string }[] }).data[0]?.title).toBe(title);
});

test.concurrent('a list that was cut says so, and how it continues', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', '--jsonl', '-'], { input: '{"title":"a"}\n{"title":"b"}\n{"title":"c"}' });

  const { stdout, stderr } = await cli.run(['task', 'list', '--limit', '2']);
  const [, cursor = ''] = /there are more: --after (\S+),/.exec(stderr) ?? [];
  const rest = await cli.run(['task', 'list', '--after', cursor]);

  expect(stdout).toMatch(/ a\n.* b\n$/);
  expect(rest.stdout).toMatch(/ c\n$/);
  expect(rest.stdout).not.toMatch(/ b\n/);
});

const lines = (text: string): string[] => text.trim().split('\n');

test.concurrent('lists go backwards, too, page by page', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', '--jsonl', '-'], { input: '{"title":"a"}\n{"title":"b"}\n{"title":"c"}' });

  const { stdout, stderr } = await cli.run(['task', 'list', '--limit', '2', '--before']);
  const [, cursor = ''] = /there are more: --before (\S+),/.exec(stderr) ?? [];
  const rest = await cli.run(['task', 'list', '--before', cursor]);
  const sessions = await cli.run(['session', 'list', '--quiet']);
  const newest = await cli.run(['session', 'list', '--quiet', '--before']);
  const log = await cli.run(['events', '--quiet', '--after', '0']);
  const last = await cli.run(['events', '--quiet', '--before', '--limit', '2']);
  const earlier = await cli.run(['events', '--jsonl', '--before', '5', '--limit', '2']);
  const both = await cli.json(['task', 'list', '--after', cursor, '--before', cursor]);

  expect(stdout).toMatch(/ c\n.* b\n$/);
  expect(rest.stdout).toMatch(/ a\n$/);
  expect(rest.stdout).not.toMatch(/ b\n/);
  expect(lines(newest.stdout)).toEqual(lines(sessions.stdout).toReversed());
  expect(lines(last.stdout)).toEqual(lines(log.stdout).slice(-2).toReversed());
  expect(lines(earlier.stdout).map((line) => (JSON.parse(line) as { data: { id: number } }).data.id)).toEqual([4, 3]);
  expect([both.exit, both.error]).toMatchObject([64, { code: 'USAGE', field: 'before' }]);
});

test.concurrent('help exit-codes prints the one table; help limits prints the limits', async ({ expect }) => {
  using cli = new Cli();

  const codes = await cli.run(['help', 'exit-codes']);
  const limits = await cli.json(['help', 'limits']);

  for (const code of Object.keys(EXIT_CODES)) expect(codes.stdout).toMatch(new RegExp(`^${code} `, 'm'));
  for (const code of Object.keys(EXIT_OF)) expect(codes.stdout).toContain(code);
  expect(limits.data).toMatchObject({ limits: { batch_max: 1_000 }, defaults: { ttl_ms: 120_000 } });
});

test('every code of the API has an exit code, and no hint is a destructive command', () => {
  expect(Object.keys(EXIT_OF)).toEqual(expect.arrayContaining(Object.keys(ERRORS)));
  for (const { hint } of Object.values(ERRORS))
    expect(hint).not.toMatch(/\brm\b|--cancel-tasks|task cancel|session close|delete/i);
});

test.concurrent('--version prints the version of the package', async ({ expect }) => {
  using cli = new Cli();
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };

  const { exit, stdout } = await cli.run(['--version']);

  expect([exit, stdout]).toEqual([0, `${version}\n`]);
  expect(await cli.json(['--version'])).toMatchObject({ exit: 0, kind: 'version', data: { version } });
  expect(await cli.json(['claim', '--help'])).toMatchObject({ exit: 0, kind: 'help' });
});

test.concurrent('help is printed to stdout; no command at all is the status', async ({ expect }) => {
  using cli = new Cli();

  const help = await cli.run(['--help']);
  const claim = await cli.run(['help', 'claim']);
  await cli.run(['task', 'create', 'Count']);
  const [none, status] = [await cli.run([]), await cli.run(['status'])];

  expect([help.exit, claim.exit, none.exit]).toEqual([0, 0, 0]);
  expect(help.stdout).toMatch(/task .*session .*store /s);
  expect(help.stdout).not.toContain('demo-agent');
  expect(claim.stdout).toContain('--stale-after');
  expect(none).toEqual(status);
  expect(none.stdout).toContain('queued 1');
});
