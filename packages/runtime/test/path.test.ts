/*
 * Paths from flags, variables, files and store URLs:
 *  - ~ starts from the home folder, other relative paths from the folder, in all of them alike
 *  - what is no path, or what a shell was meant to change, is refused, naming where it comes from
 *  - what is written gets no name that SQLite gives to a file beside a store
 *  - an empty or relative HOME is refused where something starts from it, and only there
 *  - a configuration file may begin with a byte order mark, and its user's own group may write it
 *  - private folders and files can be used by their owner alone, whatever the umask takes
 *  - what root makes in the folder of a user belongs to that user
 */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { keepLastLook, locateStore, OrchestratorError, resolveSettings, tellOnce, urlOfFile } from '../src/index.ts';
import { BUILT_IN_STORAGES } from '../src/stores/built-in-storages.ts';
import { BUILT_IN_SCHEMES } from '../src/system/built-in-schemes.ts';
import { absolutePath, pathOfOutput } from '../src/system/path.ts';
import { makePrivateFolder, makeTemporaryFolder, writePrivateFile } from '../src/system/private-files.ts';

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'paths-'));
});

afterEach(() => {
  rmSync(home, { recursive: true });
});

const refuse = (problem: string) => new OrchestratorError('INVALID_INPUT', problem);

test.for([
  ['/a/b.db', '/a/b.db'],
  ['b.db', '/work/b.db'],
  ['../b c%20?.db', '/b c%20?.db'],
  ['~/b.db', '/home/me/b.db'],
  ['~', '/home/me'],
  ['a~b', '/work/a~b'],
  ['a b/$c/❤\uFE0F', '/work/a b/$c/❤\uFE0F'],
  ["it's", "/work/it's"],
  ['a:b.db', '/work/a:b.db'],
  ['./file:b.db', '/work/file:b.db'],
] as const)('%s is %s', ([text, path]) => {
  expect(absolutePath(text, { folder: '/work', env: { HOME: '/home/me' }, refuse })).toBe(resolve(path));
});

test('without HOME, the system knows the home folder', () => {
  expect(absolutePath('~/x', { env: {}, refuse })).toBe(join(homedir(), 'x'));
});

test.for(['x.db-wal', '/a/X.DB-SHM', 'x-journal'])('nothing is written by the name %s', (text) => {
  expect(() => pathOfOutput(text, 'bundle')).toThrow(
    expect.objectContaining({ code: 'INVALID_INPUT', field: 'bundle' }),
  );
});

test('a name that only contains such an ending is one for a file that is written', () => {
  expect(pathOfOutput('/a-wal/x-journal.json', 'bundle')).toBe(resolve('/a-wal/x-journal.json'));
});

const NO_PATHS = [
  ['', 'is empty'],
  [' \t', 'is empty'],
  ['\uFEFF/a.db', 'begins with a byte order mark'],
  ['/a\uFFFD.db', 'is not valid UTF-8'],
  ['/a\0.db', 'contains a control character'],
  ['/a.db\n', 'contains a control character'],
  ['"/a b.db"', 'is quoted; write it without the quotes'],
  ["'a.db'", 'is quoted; write it without the quotes'],
  ['/a.db ', 'begins or ends with a blank or an invisible character'],
  [' /a.db', 'begins or ends with a blank or an invisible character'],
  ['/a.db\u00A0', 'begins or ends with a blank or an invisible character'],
  ['/a.db\u200B', 'begins or ends with a blank or an invisible character'],
  ['/a.db\uFEFF', 'begins or ends with a blank or an invisible character'],
  ['postgres://u:pw@h/d', 'is a URL; write the path alone'],
  ['file:///a.db', 'is a URL; write the path alone'],
  ['Postgres:u:pw@h/d', 'is a URL; write the path alone'],
  ['sqlite:b.db', 'is a URL; write the path alone'],
  ['file:b.db', 'is a URL; write the path alone'],
  [':memory:', 'is a URL; write the path alone'],
  ['STORE=postgres://u:pw@h/d', 'is a URL; write the path alone'],
  ['~root/a.db', 'begins with ~ and a name; write the home folder in full'],
  ['$HOME/a.db', 'begins with a variable that no shell has replaced'],
  ['${XDG_DATA_HOME}/a.db', 'begins with a variable that no shell has replaced'],
  ['/srv/${USER}/a.db', 'contains a variable that no shell has replaced'],
] as const;

test('a folder with bytes that are not UTF-8 is no place to start from', () => {
  expect(() => absolutePath('a.db', { folder: '/work/\uFFFD', refuse })).toThrow('is not valid UTF-8');
});

test('the URL of no built-in storage is a path', async () => {
  const storages = await Promise.all(Object.values(BUILT_IN_STORAGES).map((load) => load()));
  const schemes = storages.flatMap(({ provider }) => provider.schemes);

  expect(schemes.toSorted()).toEqual(BUILT_IN_SCHEMES.toSorted());
  for (const scheme of schemes) expect(() => absolutePath(`${scheme}:u:pw@h`, { refuse })).toThrow(/^is a URL[^@]*$/);
});

test.for(NO_PATHS)('%j %s', ([text, problem]) => {
  expect(() => absolutePath(text, { folder: '/work', env: { HOME: '/home/me' }, refuse })).toThrow(problem);
});

test.for(['OPENCLAW_STATE_DIR', 'ORCH_DB_PATH', 'ORCHESTRATOR_CONFIG'])('%s is such a path', async (name) => {
  const value = { OPENCLAW_STATE_DIR: '~/s', ORCH_DB_PATH: '~/s.db', ORCHESTRATOR_CONFIG: '~/c.json' }[name] ?? '';
  writeFileSync(join(home, 'c.json'), '{ "store": "sqlite:~/s.db" }', { mode: 0o600 });

  const { store } = await resolveSettings({}, { HOME: home, [name]: value });

  const inState = name === 'OPENCLAW_STATE_DIR';
  expect(store.value).toBe(`sqlite:${join(home, inState ? 's/data/orchestrator.db' : 's.db')}`);
  await expect(resolveSettings({}, { HOME: home, [name]: '"/x"' })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(name),
  });
});

test('so is the path in a store URL, and that of a file', async () => {
  const { location } = await locateStore('sqlite:~/s.db', { env: { HOME: home } });

  expect(location.url).toBe(`sqlite:${home}/s.db`);
  for (const url of ['sqlite:"/x"', 'sqlite:~root/x', 'sqlite:postgres:u:pw@h/t', 'sqlite:/x\uFFFD'])
    await expect(locateStore(url)).rejects.toMatchObject({ code: 'STORE_URL_INVALID', field: 'store' });
  await expect(urlOfFile('"/x"')).rejects.toMatchObject({ code: 'INVALID_INPUT', field: 'file' });
});

test.for(['', '.', 'home', '/home/\uFFFD'])('HOME=%j is refused, unless nothing starts from it', async (empty) => {
  await expect(resolveSettings({}, { HOME: empty })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('HOME'),
  });

  const { store } = await resolveSettings({}, { HOME: empty, OPENCLAW_STATE_DIR: home });
  expect(store.value).toBe(`sqlite:${home}/data/orchestrator.db`);
});

test('a configuration file may begin with a byte order mark', async () => {
  const path = join(home, 'c.json');
  writeFileSync(path, '\uFEFF{ "agent": "a" }', { mode: 0o600 });

  expect((await resolveSettings({}, { HOME: home, ORCHESTRATOR_CONFIG: path })).agent.value).toBe('a');
});

test.for(['000', '777'])('private folders and files can be used by their owner alone, under umask %s', (mask) => {
  const before = process.umask(mask);
  onTestFinished(() => void process.umask(before));

  makePrivateFolder(join(home, 'a', 'b'));
  writePrivateFile(join(home, 'a', 'b', 'c'), 'x');
  const temporary = makeTemporaryFolder(join(home, 'd-'));

  const modes = [...['a', 'a/b', 'a/b/c'].map((path) => join(home, path)), temporary].map(
    (path) => statSync(path).mode & 0o777,
  );
  expect(modes).toEqual([0o700, 0o700, 0o600, 0o700]);
});

describe.skipIf(process.getuid?.() !== 0)('as root (what another user owns needs root to make)', () => {
  const USER = 12_345;

  test("a configuration file may be written by its user's own group, but by no other group", async () => {
    const path = join(home, 'c.json');
    writeFileSync(path, '{ "agent": "a" }');
    chmodSync(path, 0o664);

    expect((await resolveSettings({}, { HOME: home, ORCHESTRATOR_CONFIG: path })).agent.value).toBe('a');

    chownSync(path, 0, 1);
    const others = resolveSettings({}, { HOME: home, ORCHESTRATOR_CONFIG: path });
    await expect(others).rejects.toThrow('can be written by others');
  });

  test('folders and files in the folder of a user belong to that user', () => {
    chownSync(home, USER, USER);

    makePrivateFolder(join(home, 'a', 'b'));
    writePrivateFile(join(home, 'a', 'b', 'c'), 'x');

    for (const path of ['a', 'a/b', 'a/b/c']) {
      const { uid, gid, mode } = statSync(join(home, path));
      expect([path, uid, gid, mode & 0o077]).toEqual([path, USER, USER, 0]);
    }
  });

  test('so do the remarks that were told, and how far the log was read', async () => {
    mkdirSync(join(home, '.openclaw'));
    chownSync(join(home, '.openclaw'), USER, USER);

    expect(tellOnce('remark', { HOME: home })).toBe(true);
    await keepLastLook({ store: 'sqlite:/x.db', namespace: 'n' }, { eventId: 1, at: 1 }, { HOME: home });

    const made = readdirSync(join(home, '.openclaw'), { recursive: true, encoding: 'utf8' });
    expect(made.length).toBe(5);
    for (const path of made) expect([path, statSync(join(home, '.openclaw', path)).uid]).toEqual([path, USER]);
  });
});
