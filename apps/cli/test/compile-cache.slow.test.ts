/*
 * What Node compiles of the program is kept for the next command:
 *  - in a folder of the user that no other user can read
 *  - not in a folder that another user can write or replace: what is in it is run
 *  - not where there is no folder for it, nor where the user wants none; the command does the same then
 *  - not in the home of another user, where nothing is created for it
 *  - not under a umask that takes bits of the owner; everything else works then, and its owner can use all that is made
 *  - the folder is emptied when it has many files: of older builds, of other Nodes, or left by a full disk
 */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Cli, isRoot } from './support/cli.ts';

const NAME = 'agent-orchestrator';
const ONLY_ROOT = 'only root can give a folder to another user';
/** All other tests name a folder for it, which is shared by the run. */
const KEPT = { NODE_COMPILE_CACHE: undefined };

test('what was compiled is kept in a private folder', async () => {
  using cli = new Cli();

  await expectToRun(cli);

  const folder = join(cli.folder, '.cache', NAME);
  expect(readdirSync(folder)).toHaveLength(1);
  expect([statSync(join(cli.folder, '.cache')), statSync(folder)].map(({ mode }) => mode & 0o777)).toEqual([
    0o700, 0o700,
  ]);
});

test('so it is for a user who is not root, and does not own the folders above', async () => {
  using cli = new Cli();
  cli.giveAway();

  const { exit, stderr } = await cli.run(['--version'], { env: KEPT, unprivileged: true });

  expect([exit, stderr]).toEqual([0, '']);
  expect(readdirSync(join(cli.folder, '.cache', NAME))).toHaveLength(1);
});

test('under a umask that takes bits of the owner, nothing is kept, and all else can be used by its owner', async () => {
  using cli = new Cli();
  cli.giveAway();
  const env = { ...KEPT, ORCHESTRATOR_STORE: `sqlite:${cli.folder}/new/folder/s.db`, TMPDIR: cli.folder };
  const before = process.umask(0o777);
  onTestFinished(() => void process.umask(before));

  const added = await cli.run(['task', 'create', 'x'], { env, unprivileged: true });
  const words = [
    'run',
    '--agent',
    'a',
    '--result-file',
    'r.json',
    '--',
    'sh',
    '-c',
    'cat $ORCHESTRATOR_PAYLOAD_FILE; umask',
  ];
  const ran = await cli.run(words, { env, unprivileged: true });

  expect([added.exit, ran.exit, ran.stderr]).toEqual([0, 0, '']);
  expect(ran.stdout).toMatch(/^\{\}\n0?777\n$/);
  const made = readdirSync(cli.folder, { recursive: true, encoding: 'utf8' }).toSorted();
  expect(made).toEqual(['new', 'new/folder', 'new/folder/s.db', 'r.json']);
  expect(made.map((path) => statSync(join(cli.folder, path)).mode & 0o777)).toEqual([0o700, 0o700, 0o600, 0o600]);
});

test('it is kept in XDG_CACHE_HOME, if that is an absolute path', async () => {
  using cli = new Cli();
  const own = join(cli.folder, 'own');

  await expectToRun(cli, { XDG_CACHE_HOME: own });
  expect(readdirSync(join(own, NAME))).toHaveLength(1);

  await expectToRun(cli, { XDG_CACHE_HOME: 'relative' });
  expect(existsSync(join(cli.folder, 'relative'))).toBe(false);
  expect(readdirSync(join(cli.folder, '.cache', NAME))).toHaveLength(1);
});

test.for([
  ['NODE_DISABLE_COMPILE_CACHE is set', { NODE_DISABLE_COMPILE_CACHE: '1' }],
  ['NODE_DISABLE_COMPILE_CACHE is set, but empty', { NODE_DISABLE_COMPILE_CACHE: '' }],
  ['NODE_COMPILE_CACHE names another folder', { NODE_COMPILE_CACHE: 'of-node' }],
  ['HOME is empty', { HOME: '' }],
  ['HOME is relative', { HOME: '.' }],
] as const)('nothing is kept where %s', async ([, env]) => {
  using cli = new Cli();

  await expectToRun(cli, env);

  expect(existsSync(join(cli.folder, '.cache'))).toBe(false);
});

test.for(['/proc/self', '/proc/none', '/dev/null'])('a command also works where HOME is %s', async (home) => {
  using cli = new Cli();

  const { exit, stderr } = await cli.run(['--version'], { env: { ...KEPT, HOME: home } });

  expect([exit, stderr]).toEqual([0, '']);
});

test('nothing is kept in a folder that the user cannot write', async () => {
  using cli = new Cli();
  cli.giveAway();
  mkdirSync(join(cli.folder, '.cache'), { mode: 0o500 });
  if (isRoot) chownSync(join(cli.folder, '.cache'), statSync(cli.folder).uid, -1);

  const { exit, stderr } = await cli.run(['--version'], { env: KEPT, unprivileged: true });

  expect([exit, stderr]).toEqual([0, '']);
  expect(readdirSync(join(cli.folder, '.cache'))).toEqual([]);
});

test.for([
  ['can read the folder', 0o750],
  ['can write the folder', 0o777],
] as const)('nothing is kept where another user %s', async ([, mode]) => {
  using cli = new Cli();
  const folder = madeFolder(cli, NAME);
  chmodSync(folder, mode);

  await expectToRun(cli);

  expect(readdirSync(folder)).toEqual([]);
});

test.for([
  ['0770', 0o770],
  ['0702', 0o702],
] as const)(
  'nothing is kept where the cache folder has mode %s, so that others can replace what is in it',
  async ([, mode]) => {
    using cli = new Cli();
    const folder = madeFolder(cli, NAME);
    chmodSync(join(cli.folder, '.cache'), mode);

    await expectToRun(cli);

    expect(readdirSync(folder)).toEqual([]);
  },
);

test('nothing is created where another user can replace a folder further up, unless that one is sticky', async () => {
  using cli = new Cli();
  const open = join(cli.folder, 'open');
  const home = join(open, 'home');
  mkdirSync(home, { recursive: true });

  chmodSync(open, 0o777);
  await expectToRun(cli, { HOME: home });
  expect(readdirSync(home)).toEqual([]);

  chmodSync(open, 0o1777);
  await expectToRun(cli, { HOME: home });
  expect(readdirSync(join(home, '.cache', NAME))).toHaveLength(1);
});

test.for(['.cache', 'home'])(
  '%s may be a link, but not through a folder in which others can replace it',
  async (name) => {
    using cli = new Cli();
    const above = join(cli.folder, 'above');
    const target = join(above, 'target');
    mkdirSync(target, { recursive: true, mode: 0o700 });
    symlinkSync(target, join(cli.folder, name));
    const env = { HOME: name === 'home' ? join(cli.folder, name) : cli.folder };

    chmodSync(above, 0o777);
    await expectToRun(cli, env);
    expect(readdirSync(target)).toEqual([]);

    chmodSync(above, 0o700);
    await expectToRun(cli, env);
    expect(readdirSync(target)).toHaveLength(1);
  },
);

test('nothing is kept where the folder is a link to another', async () => {
  using cli = new Cli();
  const target = madeFolder(cli, 'target');
  symlinkSync(target, join(cli.folder, '.cache', NAME));

  await expectToRun(cli);

  expect(readdirSync(target)).toEqual([]);
});

test.for(['.cache', `.cache/${NAME}`])('nothing is kept where another user owns %s', async (path, { skip }) => {
  if (!isRoot) skip(ONLY_ROOT);
  using cli = new Cli();
  const folder = madeFolder(cli, NAME);
  chownSync(join(cli.folder, path), 65_534, 65_534);

  await expectToRun(cli);

  expect(readdirSync(folder)).toEqual([]);
});

test.for(['HOME', 'XDG_CACHE_HOME'])(
  'root creates nothing where %s is a folder of another user',
  async (name, { skip }) => {
    if (!isRoot) skip(ONLY_ROOT);
    using cli = new Cli();
    const home = join(cli.folder, 'home');
    mkdirSync(home, { mode: 0o700 });
    chownSync(home, 65_534, 65_534);

    for (const folder of [home, join(home, 'none')]) await expectToRun(cli, { [name]: folder });

    expect(readdirSync(home)).toEqual([]);
  },
);

test('nothing is kept where another user opens the cache folder while it is created', async () => {
  using cli = new Cli();
  const preload = `import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module';
    const { mkdirSync } = fs;
    fs.mkdirSync = (path, options) => {
      mkdirSync(path, options);
      if (path.endsWith('.cache')) fs.chmodSync(path, 0o777);
    };
    syncBuiltinESMExports();`;

  await expectToRun(cli, preloading(preload));

  expect(readdirSync(join(cli.folder, '.cache', NAME))).toEqual([]);
});

test('nothing is created where the system knows no users', async () => {
  using cli = new Cli();

  await expectToRun(cli, preloading('delete process.geteuid;'));

  expect(readdirSync(cli.folder)).toEqual([]);
});

test('a folder with many files, of other Nodes and older builds, is emptied and used again', async () => {
  using cli = new Cli();
  const folder = madeFolder(cli, NAME);
  writeFileSync(join(folder, '.DS_Store'), '');
  await expectToRun(cli);
  const kept = filesIn(folder);

  addFiles(join(folder, 'v0-of-another-node'), 300 - kept.length);
  await expectToRun(cli);
  expect(filesIn(folder)).toHaveLength(300);

  writeFileSync(join(folder, dirname(kept[0] ?? ''), 'of-an-older-build'), '');
  await expectToRun(cli);
  expect(filesIn(folder)).toEqual(kept);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});

/** Node runs this before the program. */
function preloading(code: string): Readonly<Record<string, string>> {
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` };
}

function addFiles(folder: string, count: number): void {
  mkdirSync(folder);
  for (let at = 0; at < count; at += 1) writeFileSync(join(folder, `${at}.cache`), '');
}

/** The files of all Nodes. */
function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.includes('/'))
    .toSorted();
}

/** A private folder in the cache folder. */
function madeFolder(cli: Cli, name: string): string {
  const folder = join(cli.folder, '.cache', name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

async function expectToRun(cli: Cli, env: Readonly<Record<string, string>> = {}): Promise<void> {
  const { exit, stdout, stderr } = await cli.run(['--version'], { env: { ...KEPT, ...env } });
  expect([exit, stdout, stderr]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/u), '']);
}
