/*
 * The demo, as a whole:
 *  - it comes to its end in time, exit 0, and shows the kill, the takeover, the resumption, the refusal
 *  - then it shows, as real commands: run, a kill -9, why before and after its command has died, resume, and run again
 *  - with --json it prints one object, which says the same: what was done twice or left out, and that the log is sound;
 *    also for a user who is not root, under a umask that takes the owner's bits
 *  - a planted fault makes it exit 1 and say which promises are broken
 *  - interrupted, it ends at once, and its agents with it
 */
import { expect, test } from 'vitest';
import { Cli, finished } from '../../../apps/cli/test/support/cli.ts';

test(
  'it comes to its end in time, exit 0, and shows the kill, the takeover, the resumption, the refusal',
  { timeout: 90_000 },
  async () => {
    using cli = new Cli();

    const { exit, stdout } = await cli.run(['demo'], { env: { TMPDIR: cli.folder } });

    expect([exit, stdout]).toEqual([
      0,
      expect.stringContaining('files done twice: 0\nfiles left out: 0\nparts written twice: 0\nlog: '),
    ]);
    for (const shown of [
      /✗ kill -9 .*company-agent/,
      /↻ took over .*home-agent/,
      /↻ resumed .*company-agent.*at once/,
      /✗ refused .*company-agent/,
      /\$ orchestrator run --session report -- node write-report\.mjs/,
      /✗ kill -9 of process \d+, orchestrator run/,
      /\$ orchestrator why report\n(?: .*\n)*.*The process that claimed is gone/,
      /Still alive, although the process that claimed is gone: process \d+ \(node\)/,
      /✗ kill -9 of the script and its children, .*\n\n\$ orchestrator why report\n(?: .*\n)* +(?:not )?claimable now,/,
      /\$ orchestrator resume report\n(?: .*\n)*.*last action "wrote part \d"/,
      /\$ orchestrator run --session report --resume /,
    ]) {
      expect(stdout).toMatch(shown);
    }
    expect(stdout).toMatch(/verify: \d+(?: \d{3})* events, the chains are complete, the state matches the log\n$/);
    expect(stdout).not.toContain('\u001b');
  },
);

test('with --json it prints one object, which says the same, also under umask 0777', { timeout: 90_000 }, async () => {
  using cli = new Cli();
  cli.giveAway();
  const before = process.umask(0o777);

  const ran = cli.json(['demo'], { env: { TMPDIR: cli.folder }, unprivileged: true });
  process.umask(before);
  const { exit, kind, data } = await ran;

  expect([exit, kind]).toEqual([0, 'demo']);
  expect(data).toMatchObject({ files_done_twice: 0, files_left_out: 0, parts_written_twice: 0, broken: [] });
  expect(data['verification']).toMatchObject({ ok: true, findings: [] });
});

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
