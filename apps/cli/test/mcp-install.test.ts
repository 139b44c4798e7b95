/*
 * `mcp install`, `mcp uninstall` and `setup` as a person calls them:
 *  - without a terminal and without --yes they refuse, and change nothing; --dry-run shows the change
 *  - with --yes they say what the host answered and what only the person can grant
 *  - a file that this user may not write is refused
 *  - what a host answers cannot move the cursor
 *  - on a terminal they ask: `n` changes nothing, `y` installs
 *  - setup sets up each host; one that cannot be set up does not stop the others; --undo restores
 *  - a machine without hosts, or a HOME that is empty, is refused
 *  - doctor tells of them
 */
import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import { Cli } from './support/cli.ts';
import { HostsPlace } from './support/hosts-place.ts';
import { ORCHESTRATOR } from './support/running.ts';
import { hasTerminal, Terminal } from './support/terminal.ts';

/** Not the variable of the other tests: the store is found in HOME, as for a person. */
const at = (hosts: HostsPlace, does?: string) => ({
  env: { ...hosts.env(does), ORCHESTRATOR_STORE: '', ORCHESTRATOR_NOISE: '' },
});

test.concurrent('without a terminal and without --yes nothing is changed; --dry-run shows the change', async ({
  expect,
}) => {
  using cli = new Cli();
  using hosts = new HostsPlace();

  const refused = await cli.json(['mcp', 'install', 'claude-code'], at(hosts));
  const shown = await cli.run(['mcp', 'install', 'claude-code', '--dry-run', '--agent', 'a b'], at(hosts));
  const planned = await cli.run(['mcp', 'install', 'claude-code', '--dry-run', '--agent', 'me'], at(hosts));

  expect([refused.exit, refused.error.code, refused.error.field]).toEqual([64, 'NOT_CONFIRMED', 'yes']);
  expect(shown.exit).toBe(64);
  expect(planned.exit).toBe(0);
  expect(planned.stdout).toMatch(/runs +claude mcp add --scope user orchestrator -- .* mcp serve --agent me\n/u);
  expect(planned.stdout).toContain(join(hosts.home, '.claude.json'));
  expect([hosts.calls(), existsSync(join(hosts.home, '.openclaw'))]).toEqual([[], false]);
});

test.concurrent('--yes says what the host answered, and what only the person can grant', async ({ expect }) => {
  using cli = new Cli();
  using hosts = new HostsPlace();

  const installed = await cli.run(['mcp', 'install', 'claude-code', '--yes'], at(hosts));
  const doctor = await cli.run(['doctor', '--store', cli.store], at(hosts));
  const again = await cli.json(['mcp', 'install', 'claude-code', '--yes'], at(hosts));
  const undone = await cli.json(['mcp', 'uninstall', 'claude-code', '--yes'], at(hosts));
  const absent = await cli.run(['mcp', 'uninstall', 'claude-code'], at(hosts));

  expect([installed.exit, installed.stderr]).toEqual([0, 'orchestrator: asking Claude Code …\n']);
  expect(installed.stdout).toMatch(/^✓ Claude Code: installed; ✔ Connected\nonly you can grant, in Claude Code:\n/u);
  expect(doctor.stdout).toMatch(/^✓ ok {7}agent hosts {6}Claude Code: the tools are set up/mu);
  expect(again.data).toMatchObject({ outcome: 'unchanged', verified: true });
  expect(undone.data).toMatchObject({ host: 'claude-code', outcome: 'restored' });
  expect([absent.exit, absent.stdout]).toEqual([0, 'Claude Code: nothing of ours is installed there\n']);
});

test.concurrent('a file that this user may not write is refused', async ({ expect }) => {
  using cli = new Cli();
  using hosts = new HostsPlace();
  chmodSync(hosts.write('.codex/config.toml', 'a = 1\n'), 0o444);
  for (const path of [cli.folder, hosts.home]) chmodSync(path, 0o755);

  const refused = await cli.json(['mcp', 'install', 'codex', '--yes'], { ...at(hosts), unprivileged: true });

  expect([refused.exit, refused.error.code, hosts.calls()]).toEqual([73, 'HOST_CONFIG_UNUSABLE', []]);
});

test.concurrent('what a host answers cannot move the cursor', async ({ expect }) => {
  using cli = new Cli();
  using hosts = new HostsPlace();

  const loud = await cli.run(['mcp', 'install', 'claude-code', '--yes'], at(hosts, 'shout'));
  const failed = await cli.run(['mcp', 'install', 'codex', '--yes'], at(hosts, 'fail'));

  expect([loud.exit, failed.exit]).toEqual([1, 1]);
  expect(loud.stdout).toMatch(/does not work yet: .*\\u\{202e\}loud/u);
  expect(failed.stderr).toContain('it broke');
  expect(loud.stdout + loud.stderr + failed.stderr).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
});

test.skipIf(!hasTerminal).concurrent('on a terminal: `n` changes nothing, `y` installs', async ({ expect }) => {
  using cli = new Cli();
  using hosts = new HostsPlace();
  const env = Object.entries({ HOME: hosts.home, FAKE_LOG: hosts.log, ORCHESTRATOR_STORE: '' });
  const line = `PATH=${hosts.bin}:$PATH ${env.map(([name, value]) => `${name}=${value}`).join(' ')} ${ORCHESTRATOR}`;

  const said: string[] = [];
  for (const word of ['n', 'y']) {
    using terminal = new Terminal(cli, `${line} mcp install codex; echo "exit $?"`);
    await terminal.says('Apply this change? [y/N]');
    terminal.type(`${word}\n`);
    await terminal.closed;
    said.push(terminal.said);
  }

  expect(said[0]).toMatch(/DECLINED[^]*exit 1/u);
  expect(said[1]).toMatch(/✓ Codex: installed[^]*exit 0/u);
  expect(hosts.calls().map(([, , word]) => word)).toEqual(['add', 'get']);
});

test.concurrent('setup sets up each host; one that cannot be does not stop the others', async ({ expect }) => {
  using cli = new Cli();
  using hosts = new HostsPlace();
  const broken = '{\n  oops\n';
  hosts.write('.claude.json', broken);
  hosts.without('openclaw');

  const dry = await cli.run(['setup', '--dry-run'], at(hosts));
  const untouched = readdirSync(hosts.home);
  const done = await cli.json(['setup', '--yes'], at(hosts));
  const undone = await cli.run(['setup', '--undo', '--yes'], at(hosts));

  expect([dry.exit, dry.stderr]).toEqual([1, 'orchestrator: nothing was changed\n']);
  expect(untouched.toSorted()).toEqual(['.claude.json', 'bin', 'project']);
  expect(done.exit).toBe(1);
  expect(done.data['hosts']).toMatchObject([
    { host: 'claude-code', outcome: 'failed', code: 'HOST_CONFIG_INVALID' },
    { host: 'codex', outcome: 'installed', verified: true },
    { host: 'gemini-cli', outcome: 'installed', verified: true },
  ]);
  expect(done.data['findings']).toContainEqual(expect.objectContaining({ check: 'agent_hosts', severity: 'ok' }));
  expect(undone.exit).toBe(0);
  expect(undone.stdout.match(/byte for byte/gu)).toHaveLength(2);
  expect(['.codex/config.toml', '.gemini/settings.json', '.claude.json'].map((path) => hosts.read(path))).toEqual([
    null,
    null,
    broken,
  ]);
  expect(existsSync(join(hosts.home, '.openclaw/data/orchestrator.db'))).toBe(true);
});

test.concurrent('a machine without hosts is refused, and so is a HOME that is empty', async ({ expect }) => {
  using cli = new Cli();
  using hosts = new HostsPlace();
  rmSync(hosts.bin, { recursive: true });

  const none = await cli.json(['setup', '--yes'], at(hosts));
  const homeless = await cli.json(['mcp', 'install', 'codex', '--yes'], { env: { ...at(hosts).env, HOME: '' } });

  expect([none.exit, none.error.code]).toEqual([69, 'HOST_NOT_FOUND']);
  expect([homeless.exit, homeless.error.code]).toEqual([78, 'CONFIG_INVALID']);
});
