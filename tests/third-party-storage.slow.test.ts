/*
 * A storage from outside this repository, which the configuration names, through the command line:
 *  - every command of the program works on it (a new one has to be added here)
 *  - `run` and `claim --env` hand its address on
 *  - `store path`, `init`, `check` and `doctor` work on it; what only its storage knows, the storage says and does
 *  - a store moves to it and back, and holders keep their tokens
 *  - it is backed up, and restored, also as a store of another kind
 *  - an old database is imported into it
 *  - one that offers nothing but the port works, too; what it lacks is refused with a code, and `doctor` says what it
 *    could not see
 *  - a package that is not there stops every command, naming it, without a stack; help continues
 */
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, test, vi } from 'vitest';
import { commandWords } from '../apps/cli/src/completion/command-words.ts';
import { createProgram } from '../apps/cli/src/program.ts';
import { Cli, finished, type Document } from '../apps/cli/test/support/cli.ts';
import { COMMON, oldFile } from '../packages/import-legacy/test/old-files.ts';
import { installStorages, JAR_MODULE } from './support/third-party.ts';

// Some ten processes each, whose storage is not bundled.
vi.setConfig({ testTimeout: 90_000 });

const installed = mkdtempSync(join(tmpdir(), 'third-party-'));

beforeAll(() => installStorages(installed));
afterAll(() => rmSync(installed, { recursive: true, force: true }));

/** The program in a home whose configuration names the storages; the store of `--store` is one of them. */
function homeWith(scheme: 'shelf' | 'jar', storages = ['storage-shelf', join(installed, JAR_MODULE)]) {
  const cli = new Cli();
  const config = join(cli.folder, '.openclaw', 'orchestrator.json');
  mkdirSync(dirname(config));
  const store = `${scheme}:work.${scheme}`;
  writeFileSync(config, JSON.stringify({ storages, store, agent: 'company-agent' }), { mode: 0o600 });
  symlinkSync(join(installed, 'node_modules'), join(cli.folder, '.openclaw', 'node_modules'), 'junction');
  const path = join(cli.folder, '.openclaw', `work.${scheme}`);
  // An agent host that refuses all that it is asked.
  const host = join(cli.folder, 'bin', 'claude');
  mkdirSync(dirname(host));
  writeFileSync(host, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const env = { ORCHESTRATOR_STORE: '', PATH: `${dirname(host)}${delimiter}${process.env['PATH']}` };
  return {
    path,
    url: `${scheme}:${path}`,
    folder: cli.folder,
    run: (words: readonly string[]) => cli.run(words, { env }),
    /** A command that runs until it is stopped: after it has said something. */
    async runUntilSaid(words: readonly string[]) {
      const child = cli.start(words, { env });
      const ended = finished(child);
      await Promise.race([once(child.stdout, 'data'), ended]);
      child.kill('SIGTERM');
      const { exit, stdout } = await ended;
      return { exit, said: stdout };
    },
    /** A command that has to succeed. */
    async ok(words: readonly string[]): Promise<Document> {
      const answer = await cli.json(words, { env });
      if (answer.exit !== 0) throw new Error(`${words.join(' ')}: ${JSON.stringify(answer)}`);
      return answer;
    },
    /** A command that has to fail. */
    async refused(words: readonly string[]) {
      const { exit, error } = await cli.json(words, { env });
      return { exit, code: error.code };
    },
    [Symbol.dispose]: () => cli[Symbol.dispose](),
  };
}

/** These open no store that is configured: the demo makes one of its own, the others print a text or set up a host. */
const WITHOUT_STORE = ['demo', 'completion', 'help', 'mcp install', 'mcp uninstall'];

/** The commands of the program, without those that only group others. */
async function commandPaths(): Promise<readonly string[]> {
  const program = await createProgram(['help'], { exit() {}, say() {}, complain() {} });
  const paths = commandWords(program).map(({ path }) => path);
  return paths.filter((path) => path !== '' && !paths.some((other) => other.startsWith(`${path} `)));
}

type Ok = (path: string, ...words: readonly string[]) => Promise<Document>;

/**
 * What several agents do with each other: reviews, questions, the registry.
 *
 * @param passphrase the file that has it
 */
async function workTogether(ok: Ok, passphrase: string): Promise<void> {
  const inReview = async (session: string): Promise<string> => {
    const { data: task } = await ok('task create', '--session', session, '--review-role', 'reviewer', session);
    const { data } = await ok('claim', '--session', session);
    await ok('release', '--token', data.lease.token, '--outcome', 'succeeded');
    return task.id;
  };
  await ok('approve', await inReview('parser'), '--agent', 'home-agent');
  await ok('request-changes', await inReview('lexer'), '--agent', 'home-agent', '--notes', 'try again');
  const { data: choice } = await ok('task create', 'Choose', '--session', 'choice');
  const { data: asking } = await ok('claim', '--session', 'choice');
  await ok('release', '--token', asking.lease.token, '--outcome', 'waiting', '--ask', 'Which one?');
  await ok('ask list');
  await ok('answer', choice.id, 'This one');
  await ok('task graph', choice.id);
  await ok('agent register', 'worker', '--role', 'builder');
  await ok('agent list');
  await ok('agent show', 'worker');
  await ok('agent key create', 'worker', '--passphrase-file', passphrase);
  await ok('agent key show', 'worker');
  await ok('agent key list');
  await ok('agent key revoke', 'worker');
  await ok('agent drain', 'worker');
  await ok('agent retire', 'worker');
  await ok('agent policy');
  await ok('health');
  await ok('metrics');
}

test.concurrent('every command of the program works on it', { timeout: 240_000 }, async ({ expect }) => {
  using home = homeWith('shelf');
  const [backup, old, moved] = [join(home.folder, 'backup.db'), join(home.folder, 'old.db'), `${home.url}-moved`];
  const tried: string[] = [];
  const ok = async (path: string, ...words: readonly string[]) => {
    tried.push(path);
    return home.ok([...path.split(' '), ...words]);
  };

  await ok('store init');
  await ok('store path');
  const { data: first } = await ok('task create', 'Write the report', '--session', 'report');
  const { data: second } = await ok('task create', 'Leave it', '--session', 'other');
  await ok('task list');
  await ok('task show', first.id);
  await ok('why', 'task', first.id);
  await ok('task cancel', second.id);
  await ok('task retry', second.id);
  const { data: claimed } = await ok('claim', '--session', 'report');
  const token = ['--token', claimed.lease.token];
  await ok('heartbeat', ...token);
  await ok('checkpoint', ...token, '--next-action', 'continue');
  await ok('resume', 'report');
  await ok('session list');
  await ok('session show', 'report');
  await ok('release', ...token, '--outcome', 'succeeded');
  await ok('session close', 'report');
  const passphrase = join(home.folder, 'passphrase');
  writeFileSync(passphrase, 'a passphrase of the test\n', { mode: 0o600 });
  await workTogether(ok, passphrase);
  // The host that speaks to the server has ended.
  tried.push('mcp serve');
  const served = await home.run(['mcp', 'serve']);
  // The host that is found refuses; the store is examined all the same.
  tried.push('setup');
  const setUp = await home.run(['setup', '--yes']);
  // `run` gives its standard output to its command, and prints no document of its own.
  tried.push('run');
  const ran = await home.run(['run', '--journal', 'journals', '--', process.execPath, '--version']);
  tried.push('dashboard');
  const dashboard = await home.runUntilSaid(['dashboard', '--port', '0']);
  const { data: checked } = await ok('journal check', join(home.folder, 'journals'));
  await ok('recover');
  const shown = [await ok('status'), await ok('events'), await ok('since')];
  const { data: verified } = await ok('verify');
  const { data: settings } = await ok('config list');
  await ok('store check');
  await ok('doctor');
  await ok('store backup', backup);
  await ok('store restore', backup, '--to', `${home.url}-restored`);
  await ok('store move', '--to', moved);
  await ok('store import-legacy', oldFile([4], COMMON, old), '--yes', '--store', `${home.url}-imported`);

  expect(tried.toSorted()).toEqual(expect.arrayContaining([...(await commandPaths())].filter(isWithStore)));
  expect(served.exit).toBe(0);
  expect(setUp.stdout).toMatch(/^store: shelf:.*\n(?:.*\n)*.*✓ ok +store /u);
  expect(dashboard).toEqual({ exit: 0, said: expect.stringMatching(/^http:.*\/login\?code=/) });
  expect([ran.exit, checked]).toEqual([0, expect.objectContaining({ ok: true, operations: 2 })]);
  expect(shown.map(({ kind }) => kind)).toEqual(['status', 'events', 'since']);
  expect(verified).toMatchObject({ ok: true });
  expect(settings).toContainEqual(expect.objectContaining({ name: 'store', value: home.url, from: 'file' }));
  expect(settings).toContainEqual(expect.objectContaining({ name: 'storages', from: 'file' }));
});

function isWithStore(path: string): boolean {
  return !WITHOUT_STORE.includes(path);
}

test.concurrent('`run` and `claim --env` hand its address on', async ({ expect }) => {
  using home = homeWith('shelf');
  for (const title of ['one', 'two']) await home.ok(['task', 'create', title]);

  const claimed = await home.run(['claim', '--env']);
  const ran = await home.run(['run', '--', process.execPath, '-e', 'console.log(process.env.ORCHESTRATOR_STORE)']);

  expect(claimed.stdout).toContain(`export ORCHESTRATOR_STORE='${home.url}'\n`);
  expect([ran.exit, ran.stdout]).toEqual([0, `${home.url}\n`]);
  expect((await home.ok(['status'])).data).toMatchObject({
    counts: { tasks: { running: 1, succeeded: 1 } },
  });
});

test.concurrent('`store path`, `init`, `check` and `doctor` work on it', async ({ expect }) => {
  using home = homeWith('shelf');
  const path = await home.ok(['store', 'path']);
  const made = await home.ok(['store', 'init']);
  const checked = await home.ok(['store', 'check']);
  const well = await home.ok(['doctor', '--bundle', join(home.folder, 'bundle.json')]);
  chmodSync(home.path, 0o644);
  const open = await home.run(['doctor', '--json']);
  const fixed = await home.ok(['doctor', '--fix']);

  expect(path.data).toMatchObject({ url: home.url, path: home.path, exists: false });
  expect(made.data).toMatchObject({ url: home.url, created: true });
  expect(checked.data).toMatchObject({ url: home.url, ok: true, damage: [] });
  expect(well.data).toMatchObject({ url: home.url, ok: true });
  expect(JSON.parse(readFileSync(join(home.folder, 'bundle.json'), 'utf8'))).toMatchObject({
    data: { examination: { place: { facts: { journal_mode: 'wal' } } } },
  });
  expect([open.exit, open.stdout]).toEqual([1, expect.stringContaining('0644')]);
  expect(fixed.data['fixes']).toMatchObject([{ fix: 'tighten_files', done: true }]);
});

test.concurrent('a store moves to it and back, and holders keep their tokens', async ({ expect }) => {
  using home = homeWith('shelf');
  const old = `sqlite:${join(home.folder, 'old.db')}`;
  const back = `sqlite:${join(home.folder, 'back.db')}`;
  await home.ok(['task', 'create', 'x', '--store', old]);
  const { data } = await home.ok(['claim', '--store', old]);
  const token = ['--token', data.lease.token];

  const moved = await home.ok(['store', 'move', '--from', old, '--to', home.url]);
  const left = await home.refused(['heartbeat', ...token, '--store', old]);
  await home.ok(['heartbeat', ...token]);
  const movedBack = await home.ok(['store', 'move', '--to', back]);
  await home.ok(['release', ...token, '--outcome', 'succeeded', '--store', back]);

  expect(moved.data).toMatchObject({ from: old, to: home.url, outcome: 'moved' });
  expect(left).toEqual({ exit: 78, code: 'STORE_MOVED' });
  expect(movedBack.data).toMatchObject({ from: home.url, to: back, outcome: 'moved' });
  expect((await home.ok(['verify', '--store', back])).data).toMatchObject({ ok: true });
});

test.concurrent('it is backed up, and restored, also as a store of another kind', async ({ expect }) => {
  using home = homeWith('shelf');
  await home.ok(['task', 'create', 'x']);
  await home.ok(['claim']);
  const file = join(home.folder, 'backup.db');
  const places = [`shelf:${join(home.folder, 'restored.shelf')}`, `sqlite:${join(home.folder, 'restored.db')}`];

  const saved = await home.ok(['store', 'backup', file]);
  const restored = await Promise.all(places.map((place) => home.ok(['store', 'restore', file, '--to', place])));

  expect(saved.data).toMatchObject({ store: home.url, file, verification: { ok: true } });
  expect(restored.map(({ data }) => data)).toMatchObject(places.map((store) => ({ store, leases_closed: 1 })));
  const claims = await Promise.all(places.map((place) => home.ok(['claim', '--store', place])));
  expect(claims.map(({ data }) => data.lease.session_id)).toHaveLength(2);
});

test.concurrent('an old database is imported into it', async ({ expect }) => {
  using home = homeWith('shelf');
  const file = oldFile([4], COMMON, join(home.folder, 'old.db'));

  const imported = await home.ok(['store', 'import-legacy', file, '--yes']);

  expect(imported.data).toMatchObject({ outcome: 'imported', file, store: home.url, imported: { sessions: 2 } });
  expect((await home.ok(['store', 'check'])).data).toMatchObject({ ok: true, damage: [] });
});

test.concurrent('one that offers nothing but the port works, and what it lacks is refused', async ({ expect }) => {
  using home = homeWith('jar');
  await home.ok(['task', 'create', 'x']);
  const { data } = await home.ok(['claim']);
  await home.ok(['release', '--token', data.lease.token, '--outcome', 'succeeded']);
  const unsupported = { exit: 64, code: 'STORE_UNSUPPORTED' };
  const file = join(home.folder, 'backup.db');

  const path = await home.ok(['store', 'path']);
  const examined = await home.ok(['doctor']);
  const checked = await home.run(['store', 'check']);
  const refused = await Promise.all([
    home.refused(['store', 'move', '--to', `sqlite:${join(home.folder, 'new.db')}`]),
    home.refused(['store', 'backup', file]),
    home.refused(['store', 'init', '--roles']),
  ]);

  expect(path.data).toMatchObject({ url: home.url, path: null, exists: null });
  expect(examined.data['findings']).toContainEqual(
    expect.objectContaining({ check: 'store', severity: 'notice', message: expect.stringContaining('not checked') }),
  );
  expect([checked.exit, checked.stdout]).toEqual([0, expect.stringContaining('not checked')]);
  expect(refused).toEqual([unsupported, unsupported, unsupported]);
});

test.concurrent('a package that is not there stops every command, without a stack; help continues', async ({
  expect,
}) => {
  using home = homeWith('shelf', ['storage-attic']);

  const refused = await home.run(['status']);
  const help = await home.run(['--help']);

  expect([refused.exit, refused.stdout]).toEqual([78, '']);
  expect(refused.stderr).toContain('storage-attic');
  expect(refused.stderr).toContain('CONFIG_INVALID');
  expect(refused.stderr).not.toMatch(/^ +at /m);
  expect(help.exit).toBe(0);
});
