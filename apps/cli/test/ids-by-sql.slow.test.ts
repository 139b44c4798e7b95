/*
 * An id that no command accepts, because a program wrote it into the store by itself:
 *  - every read continues, and shows it with its characters as codes
 *  - it can be claimed, and a shell gets it unchanged although no line has it raw
 */
import { spawnSync } from 'node:child_process';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { Cli } from './support/cli.ts';

const HOSTILE = `-'%d\\n\u001b]0;\u0007\n\u202e`;
/** A character that does harm on a terminal, but a line break. */
const RAW = /[^\P{Cc}\n]|\u202e/u;
const SHOWN = String.raw`-'%d\n\u{1b}]0;\u{7}\n\u{202e}`;

test.for([
  [0, ['session', 'list']],
  [0, ['task', 'list']],
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

/** A store whose only session and task got the id by SQL. */
async function withHostileIds(): Promise<Cli> {
  const cli = new Cli();
  onTestFinished(() => cli[Symbol.dispose]());
  await cli.json(['task', 'create', 'one']);
  const database = new Database(cli.store.slice('sqlite:'.length));
  database.prepare('UPDATE tasks SET id = ?').run(HOSTILE);
  database.prepare('UPDATE sessions SET id = ?, next_task_id = ?').run(HOSTILE, HOSTILE);
  database.close();
  return cli;
}
