/*
 * The demo, as a whole:
 *  - a planted fault makes it exit 1 and say which promises are broken
 *  - interrupted, it ends at once, and its agents with it
 */
import { expect, test } from 'vitest';
import { Cli, finished } from '../../../apps/cli/test/support/cli.ts';

test('a planted fault makes it exit 1 and say which promises are broken', { timeout: 60_000 }, async () => {
  using cli = new Cli();

  const { exit, stdout } = await cli.run(['demo', '--fault', 'start-over'], { env: { TMPDIR: cli.folder } });

  expect(exit).toBe(1);
  expect(stdout).toMatch(/files done twice: [1-9]\d*\n/);
  expect(stdout).toContain('✗ broken: no file is done twice');
});

test.skipIf(process.platform === 'win32')(
  'interrupted, it ends at once, and its agents with it',
  { timeout: 60_000 },
  async () => {
    using cli = new Cli();
    const demo = cli.start(['demo'], { env: { TMPDIR: cli.folder } });
    const pids: number[] = [];
    demo.stdout.on('data', (text) => {
      for (const [, pid] of String(text).matchAll(/process (\d+)/g)) pids.push(Number(pid));
      if (pids.length === 2) demo.kill('SIGINT');
    });

    const { exit } = await finished(demo);

    expect(exit).toBe(130);
    expect(pids.filter(isAlive)).toEqual([]);
  },
);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
