/*
 * A row that no command wrote, because a program wrote it into the store by itself. Its id is one that none accepts:
 *  - every read continues, and shows it with its characters as codes
 *  - it can be claimed, and a shell gets it unchanged although no line has it raw
 * Its status is one that does not exist:
 *  - what depends on it names it, and says what to do
 */
import { spawnSync } from 'node:child_process';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { Cli } from './support/cli.ts';

const HOSTILE = `-'%d\\n\u001b]0;\u0007\n\u202e\u00ad`;
/** A character that does harm on a terminal, but a line break. */
const RAW = /[^\P{Cc}\n]|[\u202e\u00ad]/u;
const SHOWN = String.raw`-'%d\n\u{1b}]0;\u{7}\n\u{202e}\u{ad}`;

test.for([
  [0, ['session', 'list']],
  [0, ['task', 'list']],
  [0, ['task', 'list', '--quiet']],
  [0, ['task', 'list', '--limit', '1']],
  [0, ['task', 'show', 't1']],
  [0, ['session', 'show', 's1']],
  [0, ['events', '--after', '0']],
  [0, ['why', 's1']],
  [0, ['claim', '--agent', 'a']],
] as const)('exit %i, and the id is shown: %j', async ([code, words]) => {
  const cli = await withHostileIds();

  const { exit, stdout, stderr } = await cli.run([...words]);

  expect([exit, stderr]).toEqual([code, expect.not.stringContaining('INVALID_INPUT')]);
  expect(stdout).toContain(SHOWN);
  expect(stdout + stderr).not.toMatch(RAW);
});

test('the resume card quotes it', async () => {
  const cli = await withHostileIds();
  await cli.run(['claim', '--agent', 'a']);

  const { exit, stdout } = await cli.run(['resume', '--agent', 'a']);

  expect([exit, stdout]).toEqual([0, expect.stringContaining(`session s1 "-'%d`)]);
  expect(stdout).not.toMatch(RAW);
});

test.skipIf(process.platform === 'win32')('a shell gets it unchanged, and no line has it raw', async () => {
  const cli = await withHostileIds();

  const { exit, stdout } = await cli.run(['claim', '--agent', 'a', '--env']);
  const script = `${stdout}\nprintf '%s|%s' "$ORCHESTRATOR_SESSION" "$ORCHESTRATOR_TASK"`;

  expect(exit).toBe(0);
  expect(stdout).not.toMatch(RAW);
  expect(spawnSync('sh', ['-c', script], { encoding: 'utf8' }).stdout).toBe(`${HOSTILE}|${HOSTILE}`);
});

test('a status that does not exist is named, with what to do', async () => {
  const cli = await withRow(`UPDATE tasks SET status = 'weird'`);

  for (const words of [
    ['why', 't1'],
    ['task', 'cancel', 't1'],
  ]) {
    const { exit, error } = await cli.json(words);

    expect([exit, error]).toMatchObject([74, { code: 'STORE_CORRUPT', message: expect.stringContaining('"weird"') }]);
  }
});

/** A store whose only session and task got the id by SQL. */
async function withHostileIds(): Promise<Cli> {
  return withRow('UPDATE tasks SET id = @id', 'UPDATE sessions SET id = @id, next_task_id = @id');
}

/** A store with one task, whose rows were then changed by SQL. */
async function withRow(...statements: readonly string[]): Promise<Cli> {
  const cli = new Cli();
  onTestFinished(() => cli[Symbol.dispose]());
  await cli.json(['task', 'create', 'one']);
  const database = new Database(cli.path);
  database.pragma('ignore_check_constraints = ON');
  for (const statement of statements) database.prepare(statement).run({ id: HOSTILE });
  database.close();
  return cli;
}
