/*
 * `examples/storage-node-sqlite`, packed and installed with what it needs into an empty folder, away from this
 * repository, beside the packed command line:
 *  - the whole suite passes there, and no case is left out
 *  - commands work on its stores as soon as the configuration names the package, and never before
 *  - `run` and `doctor` work on them; `doctor` says what it could not check
 *  - a store moves to it and back, and holders keep their tokens; it is backed up and restored
 *  - what the storage does not offer is refused with a code
 *  - the commands in its README install it where the command line finds it
 *  - the files of docs/write-a-storage.md work as they stand: the suite passes, and the commands take the storage
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { casesFor } from '@agent-orchestrator/storage-conformance';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isSafeVersion } from '../examples/storage-node-sqlite/src/sqlite-version.ts';
import { target } from '../examples/storage-node-sqlite/test/target.ts';
import { installPacked } from './support/packed.ts';
import { blocks, page, root } from './support/readme.ts';

const call = promisify(execFile);

/** Packing, and installing, on a busy machine. */
const INSTALL_MS = 240_000;
/** One command. Like the suite below, it is killed before its test gives up, or it would outlive the test. */
const COMMAND_MS = 60_000;
const LIMITS = { maxBuffer: 64_000_000, timeout: COMMAND_MS, killSignal: 'SIGKILL' } as const;
const SUITE_MS = 900_000;
const COMMANDS_MS = 120_000;

const EXAMPLE = 'examples/storage-node-sqlite';
const PACKAGES = ['core', 'storage-sql', 'storage-memory', 'storage-conformance'].map((name) => `packages/${name}`);

/**
 * Windows has no links to a program that work by another name, and its npm is a .cmd file. With a SQLite that may keep
 * no store, the tests of the example say so.
 */
const canTry = process.platform !== 'win32' && isSafeVersion();

let place = '';

beforeAll(async () => {
  if (!canTry) return;
  place = await mkdtemp(join(tmpdir(), 'outside-'));
  const { stdout } = await call(process.execPath, [join(root, 'scripts/pack-cli.mjs'), join(place, 'cli')], LIMITS);
  const cli = stdout.trim();
  await installPacked(place, { folders: [...PACKAGES, EXAMPLE], files: [cli], links: ['vitest'] });
}, INSTALL_MS);

afterAll(() => rm(place, { recursive: true, force: true }));

describe.runIf(canTry)('the suite', () => {
  test(
    'passes from outside, and no case is left out',
    async () => {
      // With the settings of vitest alone: those of this repository are not there.
      await mkdir(join(place, 'test'));
      await writeFile(join(place, 'test/package.json'), '{ "type": "module" }');
      for (const file of ['conformance.slow.test.ts', 'target.ts', 'child.ts'])
        await cp(join(root, EXAMPLE, 'test', file), join(place, 'test', file));

      const found = await suiteIn(join(place, 'test'));

      const cases = casesFor(target).length;
      expect(found).toMatchObject({
        numTotalTests: cases,
        numPassedTests: cases,
        numFailedTests: 0,
        numPendingTests: 0,
      });
      expect(cases).toBeGreaterThan(500);
    },
    SUITE_MS,
  );
});

interface Report {
  readonly numTotalTests: number;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  /** Of those that were left out. */
  readonly numPendingTests: number;
}

/** Runs the tests of a folder, without any setting of this repository. */
async function suiteIn(folder: string): Promise<Report> {
  const report = join(folder, 'report.json');
  const words = ['run', '--reporter=json', `--outputFile=${report}`, '--root', folder];
  const { exit, stdout, stderr } = await ended(process.execPath, ['node_modules/vitest/vitest.mjs', ...words], {
    timeout: SUITE_MS - COMMAND_MS,
  });
  const text = await readFile(report, 'utf8').catch(() => '');
  const failures = text.match(/"failureMessages":\["[^"]{1,400}/g) ?? [];
  expect({ exit, said: exit === 0 ? '' : `${stdout}${stderr}${failures.join('\n')}` }).toEqual({ exit: 0, said: '' });
  return JSON.parse(text) as Report;
}

describe.runIf(canTry)('the command line', () => {
  test(
    'works on its stores as soon as the configuration names the package, and never before',
    async () => {
      const home = await newHome({});
      const store = ['--store', `node-sqlite:${join(home.folder, 'work.db')}`];

      const before = await home.run('task', 'create', 'x', ...store);
      await home.configure({ storages: ['example-storage-node-sqlite/absent'] });
      const wrong = await home.run('task', 'create', 'x', ...store);
      await home.configure({ storages: ['example-storage-node-sqlite'] });
      const after = await home.ok('task', 'create', 'x', ...store);

      expect([before.exit, before.stderr]).toEqual([64, expect.stringContaining('STORE_URL_INVALID')]);
      expect([wrong.exit, wrong.stderr]).toEqual([78, expect.stringContaining('CONFIG_INVALID')]);
      expect(wrong.stderr).toContain('example-storage-node-sqlite/absent');
      expect(after).toMatchObject({ status: 'queued', title: 'x' });
    },
    COMMANDS_MS,
  );

  test(
    '`run` and `doctor` work on them, and `doctor` says what it could not check',
    async () => {
      const home = await newHome();
      await home.ok('task', 'create', 'Write the report');

      const ran = await home.run('run', '--', process.execPath, '-e', 'console.log(process.env.ORCHESTRATOR_STORE)');
      const status = await home.ok('status');
      const doctor = await home.ok('doctor');
      const checked = await home.ok('store', 'check');

      expect([ran.exit, ran.stdout]).toEqual([0, `${home.store}\n`]);
      expect(status).toMatchObject({ counts: { tasks: { succeeded: 1 } } });
      expect(doctor).toMatchObject({ url: home.store, ok: true });
      expect(doctor['findings']).toContainEqual(
        expect.objectContaining({ check: 'store', message: expect.stringContaining('not checked') }),
      );
      expect(checked).toMatchObject({ url: home.store, ok: true, damage: null });
    },
    COMMANDS_MS,
  );

  test(
    'a store moves to it and back, holders keep their tokens, and it is backed up and restored',
    async () => {
      const home = await newHome();
      const file = (name: string) => join(home.folder, name);
      const [old, back] = [`sqlite:${file('old.db')}`, `sqlite:${file('back.db')}`];
      await home.ok('task', 'create', 'x', '--session', 'report', '--store', old);
      const claim = await home.ok('claim', '--store', old);
      const token = ['--token', (claim['lease'] as { token: string }).token];

      const there = await home.ok('store', 'move', '--from', old, '--to', home.store);
      const left = await home.run('heartbeat', ...token, '--store', old);
      await home.ok('heartbeat', ...token);
      await home.ok('store', 'backup', file('backup.db'));
      const restored = await home.ok('store', 'restore', file('backup.db'), '--to', `node-sqlite:${file('again.db')}`);
      const again = await home.ok('store', 'move', '--to', back);
      const moved = await home.run('task', 'create', 'y');
      await home.ok('release', ...token, '--outcome', 'succeeded', '--store', back);
      const verified = await home.ok('verify', '--store', back);

      expect(there).toMatchObject({ from: old, to: home.store, outcome: 'moved' });
      expect([left.exit, left.stderr]).toEqual([78, expect.stringContaining('STORE_MOVED')]);
      expect(restored).toMatchObject({ leases_closed: 1 });
      expect(again).toMatchObject({ from: home.store, to: back, outcome: 'moved' });
      expect([moved.exit, moved.stderr]).toEqual([78, expect.stringContaining('STORE_MOVED')]);
      expect(verified).toMatchObject({ ok: true });
    },
    COMMANDS_MS,
  );

  test(
    'what the storage does not offer is refused with a code',
    async () => {
      const home = await newHome();

      const roles = await home.run('store', 'init', '--roles');

      expect([roles.exit, roles.stderr]).toEqual([64, expect.stringContaining('STORE_UNSUPPORTED')]);
    },
    COMMANDS_MS,
  );
});

describe.runIf(canTry)('the README of the example', () => {
  test(
    'its commands install it where the command line finds it',
    async () => {
      const text = await page(join(EXAMPLE, 'README.md'));
      const [commands = ''] = blocks(text, 'sh');
      const [configuration = ''] = blocks(text, 'json');
      const home = await newHome(JSON.parse(configuration) as object);
      const folder = join(home.folder, '.openclaw');
      // What a registry would give, and no network.
      await installPacked(folder, { folders: ['packages/core', 'packages/storage-sql'], files: [], links: [] });
      const env = { ...home.env, npm_config_offline: 'true', npm_config_ignore_scripts: 'true' };

      const installed = await ended('sh', ['-euc', commands], { cwd: root, env, timeout: COMMANDS_MS - COMMAND_MS });
      const found = await realpath(join(folder, 'node_modules/example-storage-node-sqlite/dist/index.js'));
      const created = await home.ok('task', 'create', 'x');
      const shown = await home.ok('store', 'path');

      expect(installed).toMatchObject({ exit: 0 });
      expect(found).toContain(folder);
      expect(created).toMatchObject({ status: 'queued' });
      expect(shown).toMatchObject({ url: `node-sqlite:${join(folder, 'work.db')}` });
    },
    INSTALL_MS,
  );
});

describe.runIf(canTry)('docs/write-a-storage.md', () => {
  test(
    'its files work as they stand',
    async () => {
      const text = await page('docs/write-a-storage.md');
      const [storage = '', suite = ''] = blocks(text, 'js');
      const [configuration = ''] = blocks(text, 'json');
      const home = await newHome(JSON.parse(configuration) as object);
      const folder = join(home.folder, '.openclaw');
      const [storageFile = '', suiteFile = ''] = savedAs(text);
      await writeFile(join(folder, storageFile), storage);
      await writeFile(join(folder, suiteFile), suite);

      const { numPassedTests, numFailedTests } = await suiteIn(folder);
      const shown = await home.ok('store', 'path');
      const doctor = await home.ok('doctor');
      const { stderr } = await home.run('status');

      expect(numFailedTests).toBe(0);
      // No warning of Node about the module.
      expect(stderr).toBe('');
      expect(numPassedTests).toBeGreaterThan(400);
      expect(shown).toMatchObject({ url: 'shelf:work' });
      expect(doctor).toMatchObject({ url: 'shelf:work', ok: true });
      expect(doctor['findings']).toContainEqual(
        expect.objectContaining({ check: 'store', message: expect.stringContaining('visible to this process only') }),
      );
    },
    SUITE_MS,
  );
});

/** The names that the page gives to its files. */
const savedAs = (text: string): string[] => [...text.matchAll(/Save this as `([^`]+)`/gu)].map(([, name = '']) => name);

/** A HOME below the folder where the packages are installed, so that they are found from its configuration. */
async function newHome(settings?: object) {
  const folder = await mkdtemp(join(place, 'home-'));
  const store = `node-sqlite:${join(folder, 'work.db')}`;
  const env = { HOME: folder, PATH: process.env['PATH'], NO_COLOR: '1', NO_UPDATE_NOTIFIER: '1' };
  const orchestrator = join(place, 'node_modules/.bin/orchestrator');
  const run = (...words: readonly string[]) => ended(orchestrator, words, { cwd: folder, env });
  const configure = async (values: object): Promise<void> => {
    await mkdir(join(folder, '.openclaw'), { recursive: true, mode: 0o700 });
    await writeFile(join(folder, '.openclaw/orchestrator.json'), JSON.stringify(values), { mode: 0o600 });
  };
  await configure(settings ?? { storages: ['example-storage-node-sqlite'], store, agent: 'company-agent' });
  return {
    folder,
    store,
    env,
    run,
    configure,
    /** A command that has to succeed; its data. */
    async ok(...words: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
      const { exit, stdout, stderr } = await run(...words, '--json');
      if (exit !== 0) throw new Error(`${words.join(' ')}: exit ${exit}\n${stdout}${stderr}`);
      return (JSON.parse(stdout) as { data: Readonly<Record<string, unknown>> }).data;
    },
  };
}

interface Ended {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

function ended(
  command: string,
  words: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly timeout?: number } = {},
): Promise<Ended> {
  return call(command, words, { cwd: place, ...LIMITS, ...options }).then(
    (said) => ({ exit: 0, ...said }),
    (error: Error & { code: unknown; stdout: string; stderr: string }) => {
      // No exit code: it was killed, or never began.
      if (typeof error.code !== 'number') throw error;
      return { exit: error.code, stdout: error.stdout, stderr: error.stderr };
    },
  );
}
