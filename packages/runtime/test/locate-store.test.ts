/*
 * Store URLs:
 *  - the scheme tells which storage reads the URL, in capitals as well
 *  - a relative path starts from the current folder, unless another is named
 *  - what is no URL, or has an unknown scheme, is refused with STORE_URL_INVALID; the refusal names the known URLs
 *  - a path gets the URL for it
 *  - a refusal never repeats a password
 * Storages of the program:
 *  - one that was registered is found by its schemes, and registering it again is fine
 *  - what is no provider, or has a scheme that another storage has, is refused
 *  - one that fails to read a URL or to open a store is named, with a code; a coded error of it is handed on
 *  - where nothing is configured, stores and backups are files
 * Every storage that comes along:
 *  - has a provider that can be used, schemes of its own, and an example that it reads itself
 */
import { resolve } from 'node:path';
import { OrchestratorError, type StorageProvider } from '@agent-orchestrator/core';
import { openMemoryStorage } from '@agent-orchestrator/storage-memory';
import { expect, test } from 'vitest';
import { locateStore, openStorage, registerStorage, urlOfFile } from '../src/index.ts';
import { BUILT_IN_STORAGES } from '../src/stores/built-in-storages.ts';
import { openRows } from '../src/stores/open-rows.ts';
import { providerProblem } from '../src/stores/provider-problem.ts';
import { backupStorage } from '../src/stores/registry.ts';

test.for([
  ['sqlite:/a/b.db', 'sqlite'],
  ['SQLITE:/a/b.db', 'sqlite'],
  ['postgres://me:secret@host/db', 'postgres'],
  ['postgresql://me@host/db', 'postgres'],
  ['memory:', 'memory'],
] as const)('%s is read by the storage of %s', async ([url, scheme]) => {
  const { provider, location } = await locateStore(url);

  expect(provider.schemes[0]).toBe(scheme);
  expect(location).toEqual(provider.parseUrl(url, { resolvePath: (path) => resolve(path) }));
});

test('a relative path starts from the current folder, unless another is named', async () => {
  const here = await locateStore('sqlite:b.db');
  const there = await locateStore('sqlite:b.db', { folder: '/work/there' });

  expect([here.location.path, there.location.path]).toEqual([resolve('b.db'), '/work/there/b.db']);
});

test.for(['', 'work.db', '/a/b.db', 'sqlite', 'mysql://host/db', 'sqlite:', 'memory:x', '://'])(
  '%j is refused',
  async (url) => {
    await expect(locateStore(url)).rejects.toMatchObject({ code: 'STORE_URL_INVALID', field: 'store' });
  },
);

test('a refusal names the known URLs', async () => {
  const { message, hint } = await refusalOf('mysql://host/db');

  expect(message).toContain('mysql:');
  for (const example of ['sqlite:/path/to.db', 'postgres://user@host/database', 'memory:', 'storages'])
    expect(hint).toContain(example);
});

test('a path gets the URL for it', async () => {
  const { hint } = await refusalOf('/a/%3F.db');

  expect(hint).toBe('Write sqlite:/a/%253F.db');
});

test.for(['postgres://user:hunter2@ho st/db', 'user@host?password=hunter2', 'mysql://user:hunter2@host/x'])(
  'the refusal of %s does not repeat the password',
  async (url) => {
    const { message, hint } = await refusalOf(url);

    expect(`${message} ${hint}`).not.toContain('hunter2');
  },
);

/** A storage of which nothing is left when it is closed. */
const jar = (over: Partial<StorageProvider> = {}): StorageProvider => ({
  schemes: ['jar'],
  name: 'jar',
  example: 'jar:NAME',
  parseUrl: (url) => ({ scheme: 'jar', url, address: url }),
  open: async () => openMemoryStorage(),
  ...over,
});

test('one that was registered is found by its schemes, and registering it again is fine', async () => {
  const provider = jar();

  await registerStorage(provider);
  await registerStorage(provider);

  expect((await locateStore('jar:x')).provider).toBe(provider);
  await using storage = closing(await openStorage('jar:x'));
  expect(storage.capabilities.durable).toBe(false);
  await expect(registerStorage(jar())).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    message: expect.stringContaining('jar:'),
  });
});

test.for([
  ['another storage has the scheme', jar({ schemes: ['shelf', 'sqlite'] }), /sqlite:.*storage-sqlite/],
  ['it has no scheme', jar({ schemes: [] as unknown as StorageProvider['schemes'] }), /schemes/],
  ['it has a scheme that no URL has', jar({ schemes: ['C'] }), /schemes/],
  ['it has no name', jar({ name: '' }), /name/],
  ['it cannot open a store', { ...jar(), open: undefined } as unknown as StorageProvider, /open/],
  ['its rows are no function', { ...jar(), openRows: 1 } as unknown as StorageProvider, /openRows/],
  ['its place tells nothing', { ...jar(), place: {} } as unknown as StorageProvider, /inspect/],
  ['it is none', 'jar' as unknown as StorageProvider, /not an object/],
] as const)('a storage is refused where %s', async ([, provider, says]) => {
  await expect(registerStorage(provider)).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    field: 'provider',
    message: expect.stringMatching(says),
  });
});

const broken = (scheme: string, over: object) => jar({ schemes: [scheme], name: scheme, ...over });

test.for([
  [
    'throws where it opens',
    'jar-a',
    { open: () => Promise.reject(new Error('driver says no')) },
    /: driver says no\.$/,
  ],
  [
    'throws at once',
    'jar-b',
    {
      open: () => {
        throw new TypeError('no driver.\nat');
      },
    },
    /: no driver\.$/,
  ],
  ['throws what says nothing', 'jar-c', { open: () => Promise.reject(new Error('')) }, /does not say why\.$/],
  ['opens no storage', 'jar-d', { open: async () => ({}) }, /has no method migrate\.$/],
  ['opens nothing', 'jar-e', { open: async () => undefined }, /has no method migrate\.$/],
  [
    'reads no URL',
    'jar-f',
    {
      parseUrl: () => {
        throw new Error('hunter2');
      },
    },
    /read the store URL\.$/,
  ],
  ['reads nothing in a URL', 'jar-g', { parseUrl: () => ({}) }, /read the store URL\.$/],
  [
    'tells the address',
    'jar-h',
    {
      parseUrl: (address: string) => ({ scheme: 'jar-h', url: 'jar-h:x', address }),
      open: (location: { address: string }) => Promise.reject(new Error(`no ${location.address}`)),
    },
    /: no jar-h:x\.$/,
  ],
] as const)('a storage that %s is named, with a code', async ([, scheme, over, says]) => {
  await registerStorage(broken(scheme, over));

  const error = await openStorage(`${scheme}:hunter2`).catch((thrown: unknown) => thrown);

  expect(error).toMatchObject({ code: 'STORAGE_FAILED', message: expect.stringMatching(says) });
  expect((error as Error).message).toContain(`the registered storage ${scheme}`);
  expect((error as Error).message.replace(`${scheme}:hunter2 cannot`, '')).not.toContain('hunter2');
});

test('a storage whose rows cannot be opened is named; a coded error is handed on', async () => {
  const coded = new OrchestratorError('STORE_UNREACHABLE');
  await registerStorage(broken('jar-i', { openRows: async () => ({}), open: () => Promise.reject(coded) }));

  await expect(openRows('jar-i:x', 'read-only')).rejects.toMatchObject({
    code: 'STORAGE_FAILED',
    message: expect.stringMatching(/jar-i failed: what it opened has no method rows\.$/),
  });
  await expect(openStorage('jar-i:x')).rejects.toBe(coded);
});

test('where nothing is configured, stores and backups are files', async () => {
  const url = await urlOfFile('work.db');
  const { location } = await locateStore(url);

  expect(location.path).toBe(resolve('work.db'));
  expect((await backupStorage()).urlOfFile(resolve('work.db'))).toBe(url);
});

test('every storage that comes along can be used, has schemes of its own, and reads its example', async () => {
  const loaded = await Promise.all(Object.values(BUILT_IN_STORAGES).map((load) => load()));
  const providers = loaded.map(({ provider }) => provider);

  expect(providers.map(providerProblem)).toEqual(providers.map(() => null));
  const schemes = providers.flatMap((provider) => provider.schemes);
  expect(new Set(schemes).size).toBe(schemes.length);
  for (const { example, schemes } of providers) expect((await locateStore(example)).location.scheme).toBe(schemes[0]);
});

async function refusalOf(url: string): Promise<OrchestratorError> {
  try {
    await locateStore(url);
  } catch (error) {
    if (error instanceof OrchestratorError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

function closing<Opened extends { close(): Promise<void> }>(opened: Opened): Opened & AsyncDisposable {
  return Object.assign(opened, { [Symbol.asyncDispose]: () => opened.close() });
}
