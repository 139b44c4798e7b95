/*
 * A storage from outside this repository, which the configuration names, through the command line:
 *  - every command works on it, and `run` and `claim --env` hand its address on
 *  - `store path`, `init`, `check` and `doctor` work on it; what only its storage knows, the storage says and does
 *  - a store moves to it and back, and holders keep their tokens
 *  - it is backed up, and restored, also as a store of another kind
 *  - an old database is imported into it
 *  - one that offers nothing but the port works, too; what it lacks is refused with a code, and `doctor` says what it
 *    could not see
 *  - a package that is not there stops every command, naming it, without a stack; help continues
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, test, vi } from 'vitest';
import { Cli, type Document } from '../apps/cli/test/support/cli.ts';
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
  const env = { ORCHESTRATOR_STORE: '' };
  return {
    path,
    url: `${scheme}:${path}`,
    folder: cli.folder,
    run: (words: readonly string[]) => cli.run(words, { env }),
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

test.concurrent('every command works on it', async ({ expect }) => {
  using home = homeWith('shelf');
  const { data: created } = await home.ok(['task', 'create', 'Write the report', '--session', 'report']);
  const { data: claimed } = await home.ok(['claim']);
  const token = ['--token', claimed.lease.token];

  await home.ok(['heartbeat', ...token]);
  await home.ok(['release', ...token, '--outcome', 'succeeded']);
  const reads = [['status'], ['events'], ['since'], ['why', 'task', created.id]];
  const shown = await Promise.all(reads.map((words) => home.ok(words)));
  const verified = await home.ok(['verify']);
  const { data: settings } = await home.ok(['config', 'list']);

  expect(shown.map(({ kind }) => kind)).toEqual(['status', 'events', 'since', 'why']);
  expect(verified.data).toMatchObject({ ok: true });
  expect(settings).toContainEqual(expect.objectContaining({ name: 'store', value: home.url, from: 'file' }));
  expect(settings).toContainEqual(expect.objectContaining({ name: 'storages', from: 'file' }));
});

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
