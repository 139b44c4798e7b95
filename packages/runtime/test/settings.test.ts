/*
 * What is configured:
 *  - the argument goes before the environment, that before the file, that before the default
 *  - each setting tells what decided it
 *  - the file is looked for where the state is, and where ORCHESTRATOR_CONFIG says
 *  - without a file the defaults hold; one that was named has to be there
 *  - a relative path in the file starts from the file's folder
 *  - an unknown key, a bad value, no JSON: refused, naming file and key, and never a password
 *  - a file that others can write, or that belongs to another user, is refused
 *  - one that others can read is refused if its store has a password
 *  - a pipe or a folder is refused, without waiting for it
 *  - a variable that is no duration is refused, naming it
 *  - an orchestrator that is opened without a URL works where the configuration says
 *
 * Durations:
 *  - are read strictly, and written in the largest unit that is whole
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { durationMs, durationText } from '../src/text/duration.ts';
import { openOrchestrator, OrchestratorError, resolveSettings, type Environment } from '../src/index.ts';

let home: string;
let file: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'settings-'));
  mkdirSync(join(home, '.openclaw'));
  file = join(home, '.openclaw', 'orchestrator.json');
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

function write(values: unknown, path = file): void {
  writeFileSync(path, typeof values === 'string' ? values : JSON.stringify(values), { mode: 0o600 });
}

function settings(env: Environment = {}, given: Parameters<typeof resolveSettings>[0] = {}) {
  return resolveSettings(given, { HOME: home, ...env });
}

async function refusalOf(env: Environment = {}): Promise<OrchestratorError> {
  try {
    await settings(env);
  } catch (error) {
    if (error instanceof OrchestratorError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

const all = {
  store: 'sqlite:/file.db',
  namespace: 'of-file',
  agent: 'of-file',
  ttl: '3m',
  stale_after: '90s',
  park_after: '1h',
};
const variables = {
  ORCHESTRATOR_STORE: 'sqlite:/variable.db',
  ORCHESTRATOR_NAMESPACE: 'of-variable',
  ORCHESTRATOR_AGENT: 'of-variable',
  ORCHESTRATOR_TTL: '4m',
  ORCHESTRATOR_STALE_AFTER: '5m',
  ORCHESTRATOR_PARK_AFTER: '2h',
};
const given = {
  store: 'memory:',
  namespace: 'given',
  agent: 'given',
  ttlMs: 1_000,
  staleAfterMs: 2_000,
  parkAfterMs: 3_000,
};

test('the default holds where nothing was said', async () => {
  expect(await settings()).toEqual({
    store: { value: `sqlite:${home}/.openclaw/data/orchestrator.db`, from: 'default', origin: 'HOME' },
    namespace: { value: 'default', from: 'default', origin: null },
    agent: { value: expect.stringMatching(/^[^@\s]+@[^@\s]+$/), from: 'default', origin: null },
    ttlMs: { value: 120_000, from: 'default', origin: null },
    staleAfterMs: { value: 60_000, from: 'default', origin: null },
    parkAfterMs: { value: 1_800_000, from: 'default', origin: null },
    storages: { value: [], from: 'default', origin: null },
    thresholds: expect.anything(),
  });
});

test('the file goes before the default', async () => {
  write(all);

  expect(await settings()).toEqual({
    store: { value: 'sqlite:/file.db', from: 'file', origin: file },
    namespace: { value: 'of-file', from: 'file', origin: file },
    agent: { value: 'of-file', from: 'file', origin: file },
    ttlMs: { value: 180_000, from: 'file', origin: file },
    staleAfterMs: { value: 90_000, from: 'file', origin: file },
    parkAfterMs: { value: 3_600_000, from: 'file', origin: file },
    storages: { value: [], from: 'default', origin: null },
    thresholds: expect.anything(),
  });
});

test('the environment goes before the file', async () => {
  write(all);

  expect(await settings(variables)).toEqual({
    store: { value: 'sqlite:/variable.db', from: 'environment', origin: 'ORCHESTRATOR_STORE' },
    namespace: { value: 'of-variable', from: 'environment', origin: 'ORCHESTRATOR_NAMESPACE' },
    agent: { value: 'of-variable', from: 'environment', origin: 'ORCHESTRATOR_AGENT' },
    ttlMs: { value: 240_000, from: 'environment', origin: 'ORCHESTRATOR_TTL' },
    staleAfterMs: { value: 300_000, from: 'environment', origin: 'ORCHESTRATOR_STALE_AFTER' },
    parkAfterMs: { value: 7_200_000, from: 'environment', origin: 'ORCHESTRATOR_PARK_AFTER' },
    storages: { value: [], from: 'default', origin: null },
    thresholds: expect.anything(),
  });
  expect((await settings({ ORCH_DB_PATH: '/path.db' })).store).toMatchObject({
    value: 'sqlite:/path.db',
    origin: 'ORCH_DB_PATH',
  });
});

test('the argument goes before everything', async () => {
  write(all);

  const { storages: _of, thresholds: _with, ...found } = await settings(variables, given);

  expect(Object.entries(found)).toEqual(
    Object.entries(given).map(([name, value]) => [name, { value, from: 'argument', origin: null }]),
  );
});

test('the file is looked for where the state is, and where ORCHESTRATOR_CONFIG says', async () => {
  write({ agent: 'of-home' });
  const state = join(home, 'state');
  mkdirSync(state);
  write({ agent: 'of-state' }, join(state, 'orchestrator.json'));
  write({ agent: 'of-config' }, join(home, 'mine.json'));

  expect((await settings()).agent.value).toBe('of-home');
  expect((await settings({ OPENCLAW_STATE_DIR: state })).agent.value).toBe('of-state');
  expect(
    (await settings({ OPENCLAW_STATE_DIR: state, ORCHESTRATOR_CONFIG: join(home, 'mine.json') })).agent.value,
  ).toBe('of-config');
});

test('a file that was named has to be there', async () => {
  expect(await refusalOf({ ORCHESTRATOR_CONFIG: join(home, 'absent.json') })).toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('absent.json'),
  });
});

test("a relative path in the file starts from the file's folder", async () => {
  write({ store: 'sqlite:work.db' });

  expect((await settings()).store.value).toBe(`sqlite:${home}/.openclaw/work.db`);
});

test('the address of a server stays as it is, password and all', async () => {
  write({ store: 'postgres://me:secret@host/db?prepare=false' });

  expect((await settings()).store.value).toBe('postgres://me:secret@host/db?prepare=false');
});

test.for([
  [{ stor: 'x' }, 'stor'],
  [{ ttl: '10 minutes' }, 'ttl'],
  [{ ttl: '10ms' }, 'ttl'],
  [{ ttl: '9999h' }, 'ttl'],
  [{ stale_after: 60 }, 'stale_after'],
  [{ agent: 'two words' }, 'agent'],
  [{ namespace: 'x'.repeat(129) }, 'namespace'],
  [{ store: 'secret' }, 'store'],
  [{ store: 'redis://me:secret@host' }, 'store'],
  [{ agent: null }, 'agent'],
] as const)('%j is refused, naming file and key', async ([values, key]) => {
  write(values);

  const refusal = await refusalOf();

  expect(refusal).toMatchObject({ code: 'CONFIG_INVALID', field: key, message: expect.stringContaining(file) });
  expect(refusal.message).toContain(key);
  expect(refusal.message).not.toContain('secret');
});

test('a park_after below its bound is refused, wherever it is from, naming that', async () => {
  write({ park_after: '10ms' });
  const inFile = await refusalOf();
  const inVariable = await refusalOf({ ORCHESTRATOR_PARK_AFTER: '10ms' });

  expect(inFile).toMatchObject({ code: 'CONFIG_INVALID', field: 'park_after' });
  expect(inFile.message).toBe(`In the configuration file ${file}, park_after is shorter than a second.`);
  expect(inVariable).toMatchObject({ code: 'CONFIG_INVALID', field: 'park_after' });
  expect(inVariable.message).toBe('The variable ORCHESTRATOR_PARK_AFTER is shorter than a second.');
  await expect(resolveSettings({ parkAfterMs: 10 }, { HOME: home })).rejects.toMatchObject({ field: 'park_after' });
});

test.for(['', '[]', 'null', '{', '{"store": "postgres://me:secret@host/db"', 'x'.repeat(70_000)])(
  'a file that is no object of JSON is refused: %.20s',
  async (text) => {
    write(text);

    const refusal = await refusalOf();

    expect(refusal).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining(file) });
    expect(refusal.message).not.toContain('secret');
  },
);

test.for([0o622, 0o602, 0o666])('a file that others can write is refused: mode %o', async (mode) => {
  write(all);
  chmodSync(file, mode);

  expect(await refusalOf()).toMatchObject({ code: 'CONFIG_INVALID', hint: expect.stringContaining('chmod') });
});

describe.skipIf(process.platform === 'win32')('a file that others can read', () => {
  test.for([0o604, 0o644])('is refused if its store has a password: mode %o', async (mode) => {
    write({ store: 'postgres://me:secret@host/db' });
    chmodSync(file, mode);

    const refusal = await refusalOf({ ORCHESTRATOR_STORE: 'memory:' });

    expect(refusal).toMatchObject({ code: 'CONFIG_INVALID', field: 'store', message: expect.stringContaining(file) });
    expect(refusal.hint).toContain('chmod 600');
    expect(refusal.message).not.toContain('secret');
  });

  test.for([
    ['its store has no password', { store: 'postgres://me@host/db' }, 0o644],
    ['it names no store', { agent: 'a' }, 0o644],
    ['only its owner can read it', { store: 'postgres://me:secret@host/db' }, 0o600],
  ] as const)('is used if %s', async ([, values, mode]) => {
    write(values);
    chmodSync(file, mode);

    expect((await settings()).store.value).toContain('store' in values ? values.store : 'sqlite:');
  });
});

test.skipIf(process.platform === 'win32').for(['mkfifo', 'mkdir'])('what %s makes is refused at once', async (make) => {
  execFileSync(make, [file]);
  // In a process of its own, which can be ended if it waits for the pipe.
  const script = `import { resolveSettings } from '@agent-orchestrator/runtime';
    try { await resolveSettings({}, { HOME: ${JSON.stringify(home)} }) }
    catch ({ code, message }) { console.log(code, message) }`;
  const words = ['--conditions=@agent-orchestrator/source', '--input-type=module', '--eval', script];

  const said = execFileSync(process.execPath, words, { cwd: import.meta.dirname, timeout: 20_000, encoding: 'utf8' });

  expect(said).toBe(`CONFIG_INVALID The configuration file ${file} is not a regular file.\n`);
});

test.skipIf(process.getuid?.() !== 0)('a file of another user is refused (needs root to make one)', async () => {
  write(all);
  chownSync(file, 12_345, 12_345);
  chmodSync(file, 0o644);
  chmodSync(home, 0o755);
  process.seteuid?.(23_456);
  try {
    vi.spyOn(process, 'getuid').mockReturnValue(23_456);
    expect(await refusalOf()).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining(file) });
  } finally {
    process.seteuid?.(0);
    vi.restoreAllMocks();
  }
});

test('a variable that is no duration is refused, naming it', async () => {
  expect(await refusalOf({ ORCHESTRATOR_TTL: 'long' })).toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('ORCHESTRATOR_TTL'),
  });
});

test('an orchestrator that is opened without a URL works where the configuration says', async () => {
  write({ store: 'sqlite:work.db', namespace: 'mine' });
  vi.stubEnv('HOME', home);
  for (const name of ['OPENCLAW_STATE_DIR', 'ORCH_DB_PATH', 'ORCHESTRATOR_CONFIG', ...Object.keys(variables)])
    vi.stubEnv(name, undefined);

  await using orchestrator = await openOrchestrator();
  const { task } = await orchestrator.enqueueTask({});

  expect(existsSync(join(home, '.openclaw', 'work.db'))).toBe(true);
  expect(task.namespace).toBe('mine');
});

test.for([
  ['500ms', 500],
  ['30s', 30_000],
  ['2m', 120_000],
  ['8h', 28_800_000],
] as const)('%s is %i ms, and back', ([text, ms]) => {
  expect(durationMs(text)).toBe(ms);
  expect(durationText(ms)).toBe(text);
});

test.for(['', '5', 's', '1.5s', '-1s', '1 s', '1S', '1d', '9999999999999s'])('%j is no duration', (text) => {
  expect(durationMs(text)).toBeNull();
});
