/*
 * How an installation in a host is taken back, with programs that behave as those of the hosts do:
 *  - what the host itself notes in its file is no change of the person: every byte is restored
 *  - a host that fails half way leaves its files as they were, except for what its other sessions wrote meanwhile
 *  - what a host that fails does not take out again is recorded, until it has taken it out
 *  - what a host leaves of a plugin that it has removed, and a plugin of another with our name, is no failure
 *  - a server and a plugin of another one with our name stay, also where they were put in the place of ours
 *  - a broken copy of ours, which a host does not know any more, is removed
 *  - a host that does not tell whose plugin it has changes nothing, and what is ours stays recorded
 *  - what two scopes share stays until both are taken back; then every byte is restored
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import { HOSTS } from '../src/hosts/index.ts';
import { HOST_NAMES } from '../src/hosts/host.ts';
import { applyInstall } from '../src/hosts/install.ts';
import { readRecords } from '../src/hosts/record.ts';
import { applyUninstall, planUninstall } from '../src/hosts/uninstall.ts';
import { uninstallPlanLines } from '../src/views/host.ts';
import { FILES } from './support/host-files.ts';
import { HostsPlace } from './support/hosts-place.ts';

test.concurrent('what OpenClaw notes of itself does not keep the file from getting back every byte', async ({
  expect,
}) => {
  for (const [noted, how] of [
    ['"meta": { "lastTouchedAt": "2026-11-01" },', 'restore'],
    ['"meta": {}, "later": 1,', 'remove'],
    ['"meta": {}, /* of the person */', 'remove'],
  ] as const) {
    using hosts = new HostsPlace();
    const [path, content] = FILES.openclaw;
    hosts.write(path, content);
    await applyInstall(await hosts.plan('openclaw'), hosts.place());
    hosts.write(path, hosts.read(path)!.replace('{', `{ ${noted}`));

    const plan = await planUninstall('openclaw', 'user', hosts.place());
    await applyUninstall(plan, hosts.place());

    expect([plan.how, hosts.read(path) === content]).toEqual([how, !noted.includes('later')]);
  }
});

test.concurrent('a host that fails half way leaves its files as they were', async ({ expect }) => {
  using hosts = new HostsPlace();
  const [path, content] = FILES.openclaw;
  hosts.write(path, content);

  const plan = await hosts.plan('openclaw');

  await expect(applyInstall(plan, hosts.place('fail'))).rejects.toMatchObject({
    code: 'HOST_FAILED',
    message: expect.stringContaining('it broke'),
  });
  expect(hosts.read(path)).toBe(content);
  expect(readRecords(hosts.place())).toEqual([]);
});

test.concurrent('a host that fails loses nothing that its other sessions wrote meanwhile', async ({ expect }) => {
  using hosts = new HostsPlace();
  const [path, content] = FILES['claude-code'];
  hosts.write(path, content);

  const failing = applyInstall(await hosts.plan('claude-code'), hosts.place('lose'));

  await expect(failing).rejects.toMatchObject({
    code: 'HOST_FAILED',
    message: expect.stringMatching(/Our entry is not there any more\. What else changed meanwhile in \S+ stays\.$/u),
  });
  expect(hosts.read(path)).toContain('meanwhile');
  expect(hosts.read(path)).not.toContain('orchestrator.js');
  expect(readRecords(hosts.place())).toEqual([]);
});

test.concurrent('what a host that fails does not take out again can be taken out later', async ({ expect }) => {
  using hosts = new HostsPlace();
  const settings = '{ "model": "m" }\n';
  hosts.write('.claude/settings.json', settings);
  const uninstall = async (does?: string) =>
    applyUninstall(await planUninstall('claude-code', 'user', hosts.place()), hosts.place(does));

  const failing = applyInstall(await hosts.plan('claude-code', { plugin: true }), hosts.place('stick'));
  await expect(failing).rejects.toMatchObject({
    code: 'HOST_FAILED',
    message: expect.stringMatching(/What is ours in \S+settings\.json is still there/u),
  });
  await expect(uninstall('stick')).rejects.toMatchObject({ code: 'HOST_FAILED' });
  expect(readRecords(hosts.place())).toHaveLength(1);
  await uninstall();

  expect(hosts.read('.claude/settings.json')).toBe(settings);
  expect(readRecords(hosts.place())).toEqual([]);
});

test.concurrent('what a host leaves of a plugin that it has removed is no failure', async ({ expect }) => {
  const trust = '[hooks.state."orchestrator@orchestrator:hooks/hooks.json:stop:0:0"]\ntrusted_hash = "x"\n';
  for (const [host, path, since, left] of [
    ['codex', '.codex/config.toml', trust, trust],
    [
      'openclaw',
      '.openclaw/openclaw.json',
      { plugins: { entries: { orchestrator: { enabled: true } } } },
      { plugins: { entries: { orchestrator: { enabled: false } } } },
    ],
    [
      'claude-code',
      '.claude/settings.json',
      { enabledPlugins: { 'orchestrator@another': true, 'orchestrator@orchestrator': true } },
      { enabledPlugins: { 'orchestrator@another': true } },
    ],
  ] as const) {
    using hosts = new HostsPlace();
    await applyInstall(await hosts.plan(host, { plugin: true }), hosts.place());
    const installed = hosts.read(path);
    hosts.write(
      path,
      typeof since === 'string'
        ? `${installed}${since}`
        : JSON.stringify({ ...(JSON.parse(installed ?? '{}') as object), ...since }),
    );

    await applyUninstall(await planUninstall(host, 'user', hosts.place()), hosts.place());

    const now = hosts.read(path)!;
    expect([typeof left === 'string' ? now : JSON.parse(now), readRecords(hosts.place())]).toEqual([left, []]);
  }
});

test.concurrent.for(HOST_NAMES)(
  '%s: an entry that the person has put in the place of ours stays',
  async (host, { expect }) => {
    using hosts = new HostsPlace();
    const [path] = FILES[host];
    await applyInstall(await hosts.plan(host), hosts.place());
    const replaced = hosts.read(path)!.replace('orchestrator.js', 'another.js');
    hosts.write(path, replaced);

    await applyUninstall(await planUninstall(host, 'user', hosts.place()), hosts.place());

    expect([hosts.read(path), readRecords(hosts.place())]).toEqual([replaced, []]);
  },
);

/** The plugin of another one with our name, as each host notes it. */
const FOREIGN = {
  'claude-code': ['.claude/settings.json', '{"extraKnownMarketplaces":{"orchestrator":{"source":"/of/another"}}}'],
  codex: ['.codex/config.toml', '[marketplaces.orchestrator]\nsource = "/of/another"\n'],
  'gemini-cli': ['.gemini/extensions/orchestrator/.gemini-extension-install.json', '{"source":"/of/another"}'],
  openclaw: [
    '.openclaw/openclaw.json',
    JSON.stringify({
      plugins: {
        entries: { orchestrator: { enabled: true } },
        installs: { orchestrator: { sourcePath: '/of/another' } },
      },
    }),
  ],
} as const;

test.concurrent.for(HOST_NAMES)('%s: a plugin of another one with our name stays', async (host, { expect }) => {
  using hosts = new HostsPlace();
  const [path, content] = FOREIGN[host];
  hosts.write(path, content);
  const install = async () => applyInstall(await hosts.plan(host, { plugin: true }), hosts.place());

  await expect(install()).rejects.toMatchObject({ code: 'HOST_ENTRY_FOREIGN', exit: 77 });
  const refused = hosts.read(path);
  rmSync(join(hosts.home, path));
  await install();
  hosts.write(path, content);
  const plan = await planUninstall(host, 'user', hosts.place());
  await applyUninstall(plan, hosts.place());

  expect([refused, hosts.read(path), readRecords(hosts.place())]).toEqual([content, content, []]);
  expect(uninstallPlanLines(plan, (_style, text) => text)).toEqual([
    HOSTS[host].title,
    '  a plugin from elsewhere stays: it has the place of ours',
  ]);
});

/** What a list of each host says of a plugin with our name, and where it is from. */
const LISTED = {
  'claude-code': (name: string, path?: string) => [{ name, path }],
  codex: (name: string, root?: string) => ({ marketplaces: [{ name, root }] }),
  'gemini-cli': (name: string, source?: string) => [{ name, installMetadata: { source } }],
  openclaw: (name: string, sourcePath?: string) =>
    name === 'orchestrator'
      ? { plugin: { id: name }, install: { sourcePath } }
      : { ok: false, error: { message: 'Plugin not found: orchestrator. Run another.' } },
} as const;

test.for(HOST_NAMES)(
  '%s: what does not tell where a plugin is from is no proof that there is none',
  (host, { expect }) => {
    const ask = (stdout: string, exit: number | null = 0) =>
      HOSTS[host].plugin.source.sourceIn({ exit, timedOut: false, stdout, stderr: '' });
    const list = (...about: [string, string?]) => JSON.stringify(LISTED[host](...about), null, 2);

    const told = [list('orchestrator', '/a'), list('orchestrator'), list('other', '/b')].map((one) => ask(one));
    const untold = [
      '',
      'null',
      '{"error":{"message":"no such command"}}',
      `[x]\n${list('orchestrator', '/a').slice(0, -1)}`,
    ];

    expect(told).toEqual([{ from: '/a' }, { from: null }, 'none']);
    for (const before of ['Warning: [x] is old\n[WARN] more\n', '[]\n', '{}\n[1]\n'])
      expect(ask(`${before}${list('orchestrator', '/a')}\nAnd [y]\n[]\n`)).toEqual({ from: '/a' });
    for (const answer of untold) expect(ask(answer)).toBe('untold');
    // It was ended.
    expect(ask(list('other'), null)).toBe('untold');
  },
);

const EXTENSION = FOREIGN['gemini-cli'][0];

test.concurrent('what Gemini CLI writes around its list hides no plugin in it', async ({ expect }) => {
  using hosts = new HostsPlace();
  // It writes down the real path.
  mkdirSync(join(hosts.home, 'elsewhere'));
  hosts.link('.openclaw', 'elsewhere');
  hosts.write(...FOREIGN['gemini-cli']);
  const install = async () => applyInstall(await hosts.plan('gemini-cli', { plugin: true }), hosts.place('warn'));

  await expect(install()).rejects.toMatchObject({ code: 'HOST_ENTRY_FOREIGN' });
  rmSync(join(hosts.home, EXTENSION));
  await install();
  const done = await applyUninstall(
    await planUninstall('gemini-cli', 'user', hosts.place('warn')),
    hosts.place('warn'),
  );

  expect([done.how, hosts.read(EXTENSION)]).toEqual(['restore', null]);
});

test.concurrent('a broken copy of ours that Gemini CLI does not list is removed, and that of another stays', async ({
  expect,
}) => {
  for (const [origin, left] of [
    [null, null],
    [FOREIGN['gemini-cli'][1], FOREIGN['gemini-cli'][1]],
  ] as const) {
    using hosts = new HostsPlace();
    await applyInstall(await hosts.plan('gemini-cli', { plugin: true }), hosts.place());
    if (origin !== null) hosts.write(EXTENSION, origin);
    const place = hosts.place('forget');

    const done = await applyUninstall(await planUninstall('gemini-cli', 'user', place), place);

    expect([done.how, hosts.read(EXTENSION), readRecords(place)]).toEqual(['restore', left, []]);
  }
});

test.concurrent('a host that does not tell whose plugin it has changes nothing', async ({ expect }) => {
  using hosts = new HostsPlace();
  const install = async (does?: string) =>
    applyInstall(await hosts.plan('gemini-cli', { plugin: true }), hosts.place(does));
  const uninstall = async (does?: string) =>
    applyUninstall(await planUninstall('gemini-cli', 'user', hosts.place(does)), hosts.place(does));
  const untold = { code: 'HOST_FAILED', message: expect.stringContaining('([unknown option]). Nothing was changed.') };

  await expect(install('garble')).rejects.toMatchObject(untold);
  const calls = hosts.calls();
  expect([calls.length, readRecords(hosts.place())]).toEqual([1, []]);
  await install();
  const installed = hosts.read(EXTENSION);
  await expect(uninstall('garble')).rejects.toMatchObject(untold);
  for (const does of ['stick', 'choke'])
    await expect(uninstall(does)).rejects.toMatchObject({ message: expect.stringContaining('still has') });

  expect([hosts.read(EXTENSION), readRecords(hosts.place()).length]).toEqual([installed, 1]);
});

test.concurrent('after a failed installation nothing of a plugin is removed whose owner is not told', async ({
  expect,
}) => {
  for (const [does, said, left] of [
    ['choke', 'It does not tell whose plugin it has now, so nothing was taken back', 1],
    ['overtake', 'A plugin from elsewhere with our name is there now: it stays.', 0],
  ] as const) {
    using hosts = new HostsPlace();
    const failing = applyInstall(await hosts.plan('gemini-cli', { plugin: true }), hosts.place(does));

    await expect(failing).rejects.toMatchObject({ code: 'HOST_FAILED', message: expect.stringContaining(said) });

    const removals = hosts.calls().filter((words) => words.includes('uninstall'));
    expect([removals, readRecords(hosts.place()).length]).toEqual([[], left]);
  }
});

test.concurrent('what two scopes share stays until both are taken back, in any order', async ({ expect }) => {
  for (const order of [['user', 'project'] as const, ['project', 'user'] as const]) {
    using hosts = new HostsPlace();
    const settings = '{ "model": "m" }\n';
    hosts.write('.claude/settings.json', settings);
    const plugin = join('.openclaw', 'orchestrator', 'plugins', 'claude-code', '.mcp.json');
    for (const scope of ['user', 'project'] as const)
      await applyInstall(await hosts.plan('claude-code', { scope, plugin: true }), hosts.place());

    const stuck = applyUninstall(await planUninstall('claude-code', order[0], hosts.place()), hosts.place('stick'));
    await expect(stuck).rejects.toMatchObject({ code: 'HOST_FAILED' });
    await applyUninstall(await planUninstall('claude-code', order[0], hosts.place()), hosts.place());
    const written = hosts.read(plugin);
    const other = await applyInstall(await hosts.plan('claude-code', { scope: order[1], plugin: true }), hosts.place());
    await applyUninstall(await planUninstall('claude-code', order[1], hosts.place()), hosts.place());

    expect(other).toMatchObject({ verified: true });
    expect(written).toContain(hosts.place().program);
    expect([
      hosts.read('.claude/settings.json'),
      hosts.read('project/.claude/settings.json'),
      hosts.read(plugin),
    ]).toEqual([settings, null, null]);
  }
});
