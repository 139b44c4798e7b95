/*
 * How hosts are set up, with programs that behave as theirs do:
 *  - the host's own command adds the entry, the host reaches the server, and uninstalling restores every byte
 *  - a file that was not there is not there afterwards
 *  - installed again, nothing is done; with another agent it is replaced, and still every byte is restored
 *  - what changed since the installation, or since the question, is kept, and only what is ours is removed
 *  - a file that is not valid is refused, its line is named, and the host is not called
 *  - a symbolic link of the user stays one; in a project it is refused
 *  - what is in the place of a file is refused
 *  - an entry with our name that is not ours is refused
 *  - two commands at once do not take back each other's change; one that was killed does not block the next one
 *  - a host that hangs is ended with all that it started
 *  - what the server would not find by itself is in the entry, except for a password
 *  - the entry of a project names no path of this machine, and no agent
 *  - a plugin is written, loaded by the host's own commands, and taken back; it takes no setting from a flag
 *  - hooks that the person has not trusted yet are told, where the host skips them without a word
 *  - what the sandbox of a host needs to write the store is told with its folder
 *  - where only the person can agree, the plugin is prepared, and the line by which to agree is told
 *  - the examination tells what is installed, and what has become of it
 */
import { chmodSync, lstatSync, mkdirSync, readlinkSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { callerIdentity } from '@agent-orchestrator/runtime';
import { describe, test, vi } from 'vitest';
import { askHost } from '../src/hosts/ask-host.ts';
import { checkInstallations } from '../src/hosts/check.ts';
import { HOST_NAMES, type HostName } from '../src/hosts/host.ts';
import { applyInstall, grantsOf } from '../src/hosts/install.ts';
import { readRecords } from '../src/hosts/record.ts';
import { applyUninstall, planUninstall } from '../src/hosts/uninstall.ts';
import { FILES } from './support/host-files.ts';
import { HostsPlace } from './support/hosts-place.ts';
import { until } from './support/running.ts';

describe.each(HOST_NAMES)('%s', { concurrent: true }, (host) => {
  const [path, content] = FILES[host];

  test('gets the entry by its own command, reaches the server, and gets back every byte', async ({ expect }) => {
    using hosts = new HostsPlace();
    const file = hosts.write(path, content);
    chmodSync(file, 0o640);

    const plan = await hosts.plan(host, { agent: 'company-agent' });
    const verdict = await applyInstall(plan, hosts.place('connect'));
    const installed = hosts.read(path);
    const calls = hosts.calls();
    await applyUninstall(await planUninstall(host, 'user', hosts.place()), hosts.place());

    expect(verdict).toMatchObject({ verified: true });
    expect(calls[0]?.slice(1)).toEqual(plan.commands[0]);
    expect(installed).toContain('company-agent');
    expect([hosts.read(path), statSync(file).mode & 0o777]).toEqual([content, 0o640]);
    expect(readRecords(hosts.place())).toEqual([]);
  });

  test('keeps what changed since, and loses only what is ours', async ({ expect }) => {
    using hosts = new HostsPlace();
    const plan = await hosts.plan(host);
    await applyInstall(plan, hosts.place());
    const changed =
      host === 'codex' ? `later = 1\n${hosts.read(path)}` : hosts.read(path)?.replace('{', '{ "later": 1,');
    const shown = await planUninstall(host, 'user', hosts.place());
    // While the person reads the question.
    hosts.write(path, changed ?? '');

    const done = await applyUninstall(shown, hosts.place());

    expect([shown.how, done.how]).toEqual(['restore', 'remove']);
    expect(hosts.read(path)).toContain('later');
    expect(hosts.read(path)).not.toContain('orchestrator.js');
  });

  test('is not called if its file is not valid: the line is named', async ({ expect }) => {
    using hosts = new HostsPlace();
    const broken = host === 'codex' ? 'a = 1\nkey = "secret\n' : '{\n  "a": 1,\n  "key": secret\n}\n';
    hosts.write(path, broken);

    const refused = hosts.plan(host);

    await expect(refused).rejects.toMatchObject({
      code: 'HOST_CONFIG_INVALID',
      message: expect.stringMatching(/line [23]: /u),
    });
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('secret') });
    expect([hosts.read(path), hosts.calls()]).toEqual([broken, []]);
  });
});

test.concurrent('a file that was not there is not there afterwards', async ({ expect }) => {
  using hosts = new HostsPlace();

  await applyInstall(await hosts.plan('codex'), hosts.place());
  await applyUninstall(await planUninstall('codex', 'user', hosts.place()), hosts.place());

  expect(hosts.read('.codex/config.toml')).toBeNull();
});

test.concurrent('installed again, nothing is done; another agent replaces the entry', async ({ expect }) => {
  using hosts = new HostsPlace();
  const [path, content] = FILES['claude-code'];
  hosts.write(path, content);

  await applyInstall(await hosts.plan('claude-code'), hosts.place());
  const again = await hosts.plan('claude-code');
  const other = await hosts.plan('claude-code', { agent: 'other-agent' });
  const verdict = await applyInstall(other, hosts.place());
  const replaced = hosts.read(path);
  await applyUninstall(await planUninstall('claude-code', 'user', hosts.place()), hosts.place());

  expect([again.found, other.found, verdict.verified]).toEqual(['same', 'other', true]);
  expect(replaced).toContain('other-agent');
  expect(hosts.read(path)).toBe(content);
});

test.concurrent('a symbolic link of the user stays one, and its file gets back its bytes', async ({ expect }) => {
  using hosts = new HostsPlace();
  const [path, content] = FILES.codex;
  hosts.write('dotfiles/codex.toml', content);
  hosts.link(path, '../dotfiles/codex.toml');

  await applyInstall(await hosts.plan('codex'), hosts.place());
  // Hosts that write by renaming put a file in the place of the link.
  rmSync(join(hosts.home, path));
  hosts.link(path, '../dotfiles/codex.toml');
  await applyUninstall(await planUninstall('codex', 'user', hosts.place()), hosts.place());

  expect(readlinkSync(join(hosts.home, path))).toBe('../dotfiles/codex.toml');
  expect(hosts.read('dotfiles/codex.toml')).toBe(content);
});

test.concurrent('a symbolic link in a project is refused, and so is what is no file', async ({ expect }) => {
  using hosts = new HostsPlace();
  hosts.write('elsewhere.json', '{}');
  hosts.link('project/.mcp.json', '../elsewhere.json');
  mkdirSync(join(hosts.home, '.codex/config.toml'), { recursive: true });

  const refusal = { code: 'HOST_CONFIG_UNUSABLE' };
  await expect(hosts.plan('claude-code', { scope: 'project' })).rejects.toMatchObject(refusal);
  await expect(hosts.plan('codex')).rejects.toMatchObject(refusal);
  expect(lstatSync(join(hosts.folder, '.mcp.json')).isSymbolicLink()).toBe(true);
  expect(hosts.calls()).toEqual([]);
});

test.concurrent('an entry with our name that is not ours is refused', async ({ expect }) => {
  using hosts = new HostsPlace();
  const foreign = '{"mcpServers":{"orchestrator":{"command":"ao","args":["mcp"]}}}';
  hosts.write('.claude.json', foreign);
  hosts.write('.gemini/settings.json', '{"mcpServers":{"orchestrator":{"httpUrl":"https://example.com"}}}');

  await expect(hosts.plan('claude-code')).rejects.toMatchObject({ code: 'HOST_ENTRY_FOREIGN', exit: 77 });
  await expect(hosts.plan('gemini-cli')).rejects.toMatchObject({ code: 'HOST_ENTRY_FOREIGN' });
  expect((await planUninstall('claude-code', 'user', hosts.place())).how).toBe('nothing');
  expect([hosts.read('.claude.json'), hosts.calls()]).toEqual([foreign, []]);
});

test.concurrent('two commands at once leave what one of them installed', async ({ expect }) => {
  using hosts = new HostsPlace();
  const [path, content] = FILES['claude-code'];
  hosts.write(path, content);
  const [one, same, other] = [
    await hosts.plan('claude-code'),
    await hosts.plan('claude-code'),
    await hosts.plan('claude-code', { agent: 'other-agent' }),
  ];
  const above = callerIdentity({ env: {} });
  const { pid, start } = (above.by === 'run' ? null : above.process) ?? { pid: process.ppid, start: '' };
  const lock = (name: string) => hosts.write(`.openclaw/orchestrator/installed/claude-code.${name}.lock`, '');

  lock('1073741824-1');
  // As outside Linux, where another process can have its number by now.
  const old = new Date(Date.now() - 60_000);
  utimesSync(lock(`${pid}-`), old, old);
  const running = lock(`${pid}-${start}`);
  await expect(applyInstall(one, hosts.place())).rejects.toMatchObject({ code: 'HOST_BUSY', exit: 75 });
  rmSync(running);
  const both = await Promise.allSettled([applyInstall(one, hosts.place()), applyInstall(same, hosts.place())]);
  const later = await applyInstall(same, hosts.place());

  expect(both).toMatchObject([{ value: { verified: true } }, { reason: { code: 'HOST_BUSY' } }]);
  expect(later).toMatchObject({ verified: true });
  await expect(applyInstall(other, hosts.place())).rejects.toMatchObject({ code: 'HOST_BUSY' });
  expect(hosts.read(path)).toContain('orchestrator.js');
  expect(readRecords(hosts.place())).toHaveLength(1);
});

test.concurrent('a host that hangs is ended with all that it started', async ({ expect }) => {
  using hosts = new HostsPlace();
  const place = { ...hosts.place('hang'), deadlineMs: 60_000 };

  const asked = askHost(join(hosts.bin, 'claude'), ['mcp', 'list'], { ...place, deadlineMs: 3_000 });
  await until(() => hosts.read('log.hangs') !== null);
  const answer = await asked;

  // It ends with its pipes: what it started has them, too.
  expect(answer).toMatchObject({ exit: null, timedOut: true });
});

test.concurrent('what the server would not find by itself is in the entry, except for a password', async ({
  expect,
}) => {
  using hosts = new HostsPlace();
  const store = `sqlite:${join(hosts.home, 'other.db')}`;

  const usual = await hosts.plan('codex');
  const other = await hosts.plan('codex', { store });

  expect(usual.server?.args.slice(1)).toEqual(['mcp', 'serve']);
  expect(other.server?.args.slice(1)).toEqual(['mcp', 'serve', '--store', store]);
  chmodSync(hosts.write('.openclaw/orchestrator.json', '{ "store": "postgres://me:other@host/db" }'), 0o600);
  const storages = { ORCHESTRATOR_STORAGES: hosts.write('vault.mjs', VAULT) };
  for (const [address, env] of [
    ['postgres://me:secret@elsewhere/db', {}],
    ['postgres://me:secret@host/db', {}],
    ['vault://me:secret@host/db', storages],
  ] as const)
    await expect(hosts.plan('codex', { store: address, env })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.not.stringContaining('secret'),
    });
});

/** A storage that hides passwords from people, but cannot take them out of an address. */
const VAULT = `
  const parseUrl = (url) => ({ scheme: 'vault', url: url.replace(/:[^:@]+@/u, '@'), address: url });
  export const provider = { schemes: ['vault'], name: 'Vault', example: 'vault://host/db', parseUrl, open() {} };
`;

test.concurrent('the entry of a project names no path of this machine, and no agent', async ({ expect }) => {
  using hosts = new HostsPlace();

  const plan = await hosts.plan('claude-code', { scope: 'project' });
  await applyInstall(plan, hosts.place());

  expect(plan.server).toEqual({ command: 'orchestrator', args: ['mcp', 'serve'] });
  expect(hosts.read('project/.mcp.json')).not.toContain(hosts.home);
  await expect(hosts.plan('codex', { scope: 'project' })).rejects.toMatchObject({ code: 'USAGE' });
});

test.concurrent('a plugin is written, loaded by commands of the host, and taken back', async ({ expect }) => {
  using hosts = new HostsPlace();
  const settings = '{ "model": "m" }\n';
  hosts.write('.claude/settings.json', settings);
  const plugins = join('.openclaw', 'orchestrator', 'plugins');

  const verdict = await applyInstall(await hosts.plan('claude-code', { plugin: true }), hosts.place());
  const [installed, again] = [hosts.read('.claude/settings.json'), await hosts.plan('claude-code', { plugin: true })];
  const written = hosts.read(join(plugins, 'claude-code', '.mcp.json'));
  const [found] = await checkInstallations(hosts.place());
  await applyUninstall(await planUninstall('claude-code', 'user', hosts.place()), hosts.place());

  expect([verdict, again.found, found?.severity]).toEqual([{ verified: true, said: '✔ Connected' }, 'same', 'ok']);
  expect(installed).toContain('orchestrator@orchestrator');
  expect(written).toContain(hosts.place().program);
  expect([hosts.read('.claude/settings.json'), hosts.read(join(plugins, 'claude-code'))]).toEqual([settings, null]);
  for (const one of [{ agent: 'a' }, { store: `sqlite:${hosts.home}/other.db` }])
    await expect(hosts.plan('codex', { plugin: true, ...one })).rejects.toMatchObject({ code: 'USAGE' });
});

test.concurrent('hooks of Codex that the person has not trusted are told', async ({ expect }) => {
  using hosts = new HostsPlace();

  const first = await applyInstall(await hosts.plan('codex', { plugin: true }), hosts.place());
  hosts.write('.codex/config.toml', `${hosts.read('.codex/config.toml')}# trusted\n`);
  const second = await applyInstall(await hosts.plan('codex', { plugin: true }), hosts.place());

  expect(first).toMatchObject({ verified: false, said: expect.stringContaining('trusts 0 of 2 hooks') });
  expect(second).toEqual({ verified: true, said: 'Codex trusts 2 of 2 hooks' });
});

test.concurrent('what a sandbox needs to write the store is told with its folder', async ({ expect }) => {
  using hosts = new HostsPlace();
  const told = async (host: HostName, store?: string) =>
    (await grantsOf(await hosts.plan(host, store === undefined ? {} : { store }), hosts.place())).join('\n');

  const [usual, claude] = [await told('codex'), await told('claude-code')];

  expect(usual).toContain(`writable_roots = ["${hosts.home}/.openclaw/data"] stands below [sandbox_workspace_write]`);
  expect(usual).toContain(`${hosts.home}/.codex/config.toml`);
  expect(claude).toContain(`sandbox.filesystem.allowWrite in ${hosts.home}/.claude/settings.json has`);
  expect(claude).toContain(`"${hosts.home}/.openclaw/data"`);
  // It is installed for all sessions of the user: the folder of the installation is the workspace of few of them.
  expect(await told('codex', `sqlite:${hosts.folder}/work/tasks.db`)).toContain(`["${hosts.folder}/work"]`);
  expect(await told('codex', 'postgres://me@host/db')).toContain('network_access = true');
  expect(await told('claude-code', 'postgres://me@host/db')).toContain('excludedCommands');
  // It offers no tools there until a person says so.
  expect(await told('openclaw')).toContain('tools.sandbox.tools.alsoAllow has "orchestrator__*"');
});

test.concurrent('where only the person can agree, the line by which to agree is told', async ({ expect }) => {
  using hosts = new HostsPlace();
  const [path, content] = FILES.openclaw;
  hosts.write(path, content);

  const verdict = await applyInstall(await hosts.plan('openclaw', { plugin: true }), hosts.place());
  const called = hosts.calls();
  await applyUninstall(await planUninstall('openclaw', 'user', hosts.place()), hosts.place());

  expect(verdict).toMatchObject({
    verified: false,
    said: expect.stringMatching(/run openclaw plugins install \S+ --force --accept-capabilities$/u),
  });
  expect([called.flat().includes('install'), hosts.read(path)]).toEqual([false, content]);
});

test.concurrent('the examination tells what is installed, and what has become of it', async ({
  expect,
  onTestFinished,
}) => {
  using hosts = new HostsPlace();
  const look = async () => (await checkInstallations(hosts.place())).map(({ severity }) => severity);
  vi.stubEnv('ORCHESTRATOR_PARK_AFTER', '9h');
  onTestFinished(() => void vi.unstubAllEnvs());

  const before = await look();
  await applyInstall(await hosts.plan('gemini-cli'), hosts.place());
  const [said] = await checkInstallations(hosts.place());
  const installed = await look();
  hosts.write('.gemini/settings.json', '{}');
  const changed = await look();
  hosts.write('.gemini/settings.json', '{');
  const broken = await look();
  hosts.without('gemini-cli');
  const gone = await checkInstallations(hosts.place());
  rmSync(join(hosts.home, '.openclaw/orchestrator/installed'), { recursive: true });
  hosts.write('.openclaw/orchestrator/installed', 'no folder');
  const unreadable = await look();

  expect([before, installed]).toEqual([[], ['ok']]);
  expect(said?.message).toMatch(/without progress its tasks are given back after 9h\.$/u);
  expect([changed, broken, unreadable]).toEqual([['warning'], ['warning'], ['warning']]);
  expect(gone).toMatchObject([{ severity: 'warning', message: expect.stringContaining('program is gone') }]);
});
