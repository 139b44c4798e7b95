/*
 * Completion:
 *  - bash offers commands, subcommands, flags and choices
 *  - every shell's script names every command and loads without a complaint, where the shell is there
 *  - an unknown shell is refused with 64
 */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { Cli } from './support/cli.ts';

const has = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0;

test.skipIf(!has('bash')).for([
  [['sta'], ['status']],
  [
    ['task', 'c'],
    ['create', 'cancel'],
  ],
  [
    ['--store', 'sqlite:x', 'session', ''],
    ['list', 'show', 'close'],
  ],
  [['task', 'create', '--dedupe'], ['--dedupe-key']],
  [['claim', '--resu'], ['--resume']],
  [['release', '--outcome', 'hand'], ['handed_off']],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
] as const)('bash completes %j', async ([words, offered]) => {
  using cli = new Cli();
  const { stdout } = await cli.run(['completion', 'bash']);
  const line = ['orchestrator', ...words].map((word) => `'${word}'`).join(' ');
  const call = `COMP_WORDS=(${line}); COMP_CWORD=${words.length}; _orchestrator`;
  const script = `${stdout}\n${call}; printf '%s\\n' "\${COMPREPLY[@]}"`;

  const { stdout: completed, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });

  expect(stderr).toBe('');
  expect(completed.trim().split('\n')).toEqual(expect.arrayContaining([...offered]));
});

test.concurrent.for(['bash', 'zsh', 'fish'])(
  "%s's script names every command and loads without a complaint",
  async (shell, { expect }) => {
    using cli = new Cli();

    const { exit, stdout } = await cli.run(['completion', shell]);

    expect(exit).toBe(0);
    for (const word of ['status', 'claim', 'checkpoint', 'create', 'verify', 'stale-after'])
      expect(stdout).toContain(word);
    expect(stdout).not.toContain('demo-agent');
    if (has(shell)) expect(spawnSync(shell, ['-c', stdout], { encoding: 'utf8' }).stderr).toBe('');
  },
);

test.concurrent('an unknown shell is refused with 64', async ({ expect }) => {
  using cli = new Cli();

  expect(await cli.run(['completion', 'tcsh'])).toMatchObject({
    exit: 64,
    stderr: expect.stringContaining('bash, zsh, fish'),
  });
});
