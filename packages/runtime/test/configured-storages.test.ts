/*
 * Storages of other packages:
 *  - a package is found from the folder of the configuration file, also where it is for `import` alone
 *  - nothing of the current folder is loaded by the name of a package, whether the file or the variable has it
 *  - a path is that of a module: in the file it starts from the file's folder; in the variable it is absolute
 *  - a relative path in the variable and a URL are refused, and nothing of them is loaded
 *  - the variable goes before the file; each setting tells what decided
 *  - a store of such a storage is a store: its URL may stand wherever a URL may
 *  - what is not there, cannot be loaded, exports no usable provider or has a scheme that another storage has:
 *    CONFIG_INVALID, naming it
 *  - nothing of it is loaded for the URL of another storage
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { locateStore, resolveSettings } from '../src/index.ts';

let home: string;
let config: string;

beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'storages-')));
  config = join(home, '.openclaw');
  mkdirSync(config);
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(home, { recursive: true });
});

const env = (over: Record<string, string> = {}) => ({ HOME: home, ...over });

function configure(values: object): void {
  writeFileSync(join(config, 'orchestrator.json'), JSON.stringify(values), { mode: 0o600 });
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** A provider that takes URLs, and opens nothing. */
function providerText(scheme: string, name = scheme): string {
  return `export const provider = {
    schemes: ['${scheme}'], name: '${name}', example: '${scheme}:NAME',
    parseUrl: (url, { resolvePath }) => ({ scheme: '${scheme}', url, address: resolvePath('.') + ' ' + url }),
    open: async () => { throw new Error('opened'); },
  };`;
}

/** A package as its users have it: for `import` alone, as many are. */
function install(folder: string, name: string, text: string): void {
  const at = join(folder, 'node_modules', name);
  const exports = { '.': { import: './lib/main.js' } };
  write(join(at, 'package.json'), JSON.stringify({ name, version: '1.0.0', type: 'module', exports }));
  write(join(at, 'lib', 'main.js'), text);
}

test('a package is found from the folder of the configuration file', async () => {
  vi.spyOn(process, 'cwd').mockReturnValue(join(home, 'here'));
  install(config, 'storage-shelf', providerText('shelf'));
  install(home, '@some/storage-jar', providerText('jar'));
  configure({ storages: ['storage-shelf', '@some/storage-jar'] });

  const shelf = await locateStore('shelf:x', { env: env() });
  const jar = await locateStore('JAR:x', { env: env() });

  expect([shelf.provider.name, jar.provider.name]).toEqual(['shelf', 'jar']);
});

test('nothing of the current folder is loaded by the name of a package', async () => {
  const here = mkdtempSync(join(tmpdir(), 'project-'));
  vi.spyOn(process, 'cwd').mockReturnValue(here);
  install(here, 'storage-shelf', `globalThis.projectCodeRan = true; ${providerText('shelf')}`);
  const refusal = { code: 'CONFIG_INVALID', message: expect.stringContaining('was not found') };

  configure({ storages: ['storage-shelf'] });
  await expect(locateStore('shelf:x', { env: env() })).rejects.toMatchObject(refusal);
  configure({});
  const variable = env({ ORCHESTRATOR_STORAGES: 'storage-shelf' });
  await expect(locateStore('shelf:x', { env: variable })).rejects.toMatchObject(refusal);

  expect(globalThis).not.toHaveProperty('projectCodeRan');
  rmSync(here, { recursive: true });
});

test('a path in the file starts from its folder, one in the variable is absolute', async () => {
  const here = join(home, 'here');
  vi.spyOn(process, 'cwd').mockReturnValue(here);
  write(join(config, 'shelf.mjs'), providerText('shelf'));
  write(join(here, 'jar.mjs'), providerText('jar'));
  write(join(home, 'box.mjs'), providerText('box'));
  configure({ storages: ['./shelf.mjs'] });

  const ofFile = await locateStore('shelf:x', { env: env() });
  const variable = env({ ORCHESTRATOR_STORAGES: ` ${join(here, 'jar.mjs')}, ${join(home, 'box.mjs')},` });
  const ofVariable = await Promise.all(['jar:x', 'box:x'].map((url) => locateStore(url, { env: variable })));

  expect(ofFile.provider.name).toBe('shelf');
  expect(ofVariable.map(({ provider }) => provider.name)).toEqual(['jar', 'box']);
  await expect(locateStore('shelf:x', { env: variable })).rejects.toMatchObject({
    code: 'STORE_URL_INVALID',
    hint: expect.stringContaining('box:NAME'),
  });
});

test.for([
  ['a relative path in the variable', './spy.mjs', 'is a relative path'],
  ['a relative path to a folder above', '../here/spy.mjs', 'is a relative path'],
  ['a data: URL', 'data:text/javascript;base64,Z2xvYmFsVGhpcy5jb2RlUmFuPXRydWU=', 'is neither'],
  ['a file: URL', 'file:spy.mjs', 'is neither'],
] as const)('%s is refused, and nothing of it is loaded', async ([, name, says]) => {
  const here = join(home, 'here');
  vi.spyOn(process, 'cwd').mockReturnValue(here);
  write(join(here, 'spy.mjs'), `globalThis.codeRan = true; ${providerText('spy')}`);

  await expect(locateStore('spy:x', { env: env({ ORCHESTRATOR_STORAGES: name }) })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(says),
  });

  expect(globalThis).not.toHaveProperty('codeRan');
});

test('each setting tells what decided, and a store may be of such a storage', async () => {
  install(config, 'storage-shelf', providerText('shelf'));
  configure({ storages: ['storage-shelf'], store: 'shelf:x' });

  const settings = await resolveSettings({}, env());
  const without = await resolveSettings({ store: 'memory:' }, { HOME: join(home, 'nowhere') });

  const file = join(config, 'orchestrator.json');
  expect(settings.storages).toEqual({ value: ['storage-shelf'], from: 'file', origin: file });
  expect(settings.store).toEqual({ value: `${config} shelf:x`, from: 'file', origin: file });
  expect(without.storages).toEqual({ value: [], from: 'default', origin: null });
});

test.for([
  ['is not there', null, /storage-shelf.*orchestrator\.json.* was not found\.$/],
  ['cannot be parsed', 'export const = 1;', /storage-shelf.* cannot be loaded/],
  ['throws', `throw new Error('of its own\\nat line 1');`, /storage-shelf.* cannot be loaded: of its own\.$/],
  ['throws no error', `throw 'of its own';`, /storage-shelf.* cannot be loaded: of its own\.$/],
  ['exports no provider', 'export default {};', /storage-shelf.* exports no provider/],
  ['exports what is none', 'export const provider = { schemes: ["shelf"] };', /storage-shelf.* its name must be/],
  ['has a scheme of a built-in storage', providerText('sqlite'), /storage-shelf.* sqlite:, which .*storage-sqlite/],
  ['needs a package that is not there', `import 'storage-of-storages';`, /storage-shelf.* cannot be loaded/],
] as const)('a package that %s is refused, naming it', async ([, text, says]) => {
  if (text !== null) install(config, 'storage-shelf', text);
  configure({ storages: ['storage-shelf'] });
  const refusal = { code: 'CONFIG_INVALID', field: 'storages', message: expect.stringMatching(says) };

  await expect(resolveSettings({}, env())).rejects.toMatchObject(refusal);
  await expect(locateStore('shelf:x', { env: env() })).rejects.toMatchObject(refusal);
});

test('two packages with one scheme are refused, naming both', async () => {
  install(config, 'storage-shelf', providerText('shelf'));
  install(config, 'storage-rack', providerText('shelf'));
  configure({ storages: ['storage-shelf', 'storage-shelf', 'storage-rack'] });

  await expect(resolveSettings({}, env())).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(/storage-rack.* shelf:, which storage-shelf has/),
  });
});

test.for([['storage-shelf', 1], ['']])('a list of %j is refused', async (storages) => {
  configure({ storages });

  await expect(resolveSettings({}, env())).rejects.toMatchObject({ code: 'CONFIG_INVALID', field: 'storages' });
});

test('nothing of it is loaded for the URL of another storage', async () => {
  configure({ storages: ['./absent.mjs'] });

  const { location } = await locateStore('memory:', { env: env() });

  expect(location.url).toBe('memory:');
});
