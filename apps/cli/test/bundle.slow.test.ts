/*
 * The bundle:
 *  - what few need is a chunk that is loaded on demand: the demo, the import of the old database, the server for hosts
 *  - the demo is loaded by its command alone, and what only it needs is in no chunk of the others
 *  - its agents' program is a file of its own, under the name that the command starts
 *  - what every command loads at its start has neither schemas nor storages in it
 *  - what a command of a lease's holder loads is in two files, without the files of other commands; for a title with
 *    wide characters it loads their widths, too
 *  - what looks at the descriptors before all else loads nothing of the others; Node's modules are imported nowhere
 *  - an uncaught error does not print the whole bundle
 *  - the keeper of `run` lies beside it, as it is in the source, and can be executed
 *  - all that the package has, but its source has not, is in the cache of builds
 */
import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Cli } from './support/cli.ts';

const dist = new URL('../dist/', import.meta.url).href;
const folder = fileURLToPath(dist);
const AGENT = 'company-agent';
/** The entries, and what they load. A build that was restored from a cache lies beside the files of the one before. */
const files = new Map<string, string>();
for (const name of ['main.js', 'demo-agent.js', 'descriptors.js']) addFile(name);

function addFile(name: string): void {
  if (files.has(name)) return;
  const code = readFileSync(`${folder}${name}`, 'utf8');
  files.set(name, code);
  for (const [, loaded = ''] of code.matchAll(/\b(?:from|import) ?\(?"\.\/([\w.-]+\.js)"/gu)) addFile(loaded);
}

test.for([
  ['the demo', 'FILES BY AGENT'],
  ['the import of the old database', 'distributed_lock'],
  ['the server for agent hosts', 'tools/list'],
] as const)('%s is in chunks that are loaded on demand', ([, sign]) => {
  const chunks = filesWith(sign);

  expect(chunks.length).toBeGreaterThan(0);
  const loaders = chunks.flatMap((chunk) => filesWith(`from "./${chunk}"`));
  expect(loaders.filter((name) => !name.startsWith('demo'))).toEqual([]);
  expect(chunks.flatMap((chunk) => filesWith(`import("./${chunk}")`)).length).toBeGreaterThan(0);
});

test('the demo is loaded by its command alone', () => {
  const [command, ...others] = filesWith('import("./demo.js")');

  expect([command, others]).toEqual([expect.stringMatching(/^demo-/), []]);
  expect(filesWith(`import("./${command}")`)).toEqual([expect.stringMatching(/^start-/)]);
  expect(filesWith('FILES BY AGENT')).toEqual(['demo.js']);
});

test('the program of its agents is a file of its own', () => {
  expect(files.has('demo-agent.js')).toBe(true);
  expect(filesWith('"demo-agent.js"')).toEqual(filesWith('import("./demo.js")'));
});

test('what looks at the descriptors before all else loads nothing of the others', () => {
  expect([...loadedWith('descriptors.js')]).toEqual(['descriptors.js', expect.stringMatching(/^descriptors-/)]);
  // An import reads all names of such a module, and loads what is behind them.
  expect([...files].filter(([, code]) => /^import\b[^;]*"node:/mu.test(code)).map(([name]) => name)).toEqual([]);
});

test.for([
  ['the library of schemas', 'ZodType'],
  ['the storages', 'better-sqlite3'],
] as const)('%s is not loaded at the start of the program', ([, sign]) => {
  const [chunks, loaded] = [filesWith(sign), loadedWith('main.js')];

  expect(chunks.length).toBeGreaterThan(0);
  expect(chunks.filter((name) => loaded.has(name))).toEqual([]);
});

/** Each takes the token of the lease that is held. */
const HOLDERS = {
  claim: ['claim'],
  'claim --env': ['claim', '--env'],
  heartbeat: ['heartbeat'],
  checkpoint: ['checkpoint', '--next-action', 'continue'],
  resume: ['resume'],
  release: ['release', '--outcome', 'succeeded'],
} as const;

test.for(Object.entries(HOLDERS))('%s loads these files of the bundle, and no other', async ([, words]) => {
  using cli = new Cli();
  const token = await heldTask(cli);

  const loaded = await loadedBy(cli, [...words], token);

  const names = ['main', 'store-access', words[0], 'provider', 'open'];
  expect(namesOf(loaded)).toEqual([...names, 'start', 'lease'].toSorted());
  for (const name of names) expect(sizeOf(loaded, name)).toBeLessThan(500);
  expect(loaded.filter((url) => url === 'node:child_process' || url === 'node:process')).toEqual([]);
});

test('what these commands load has the files of no other command in it', () => {
  const sources = [...files.keys()]
    .filter((name) => /^(?:start|lease)-/.test(name))
    .flatMap((name) => (JSON.parse(readFileSync(`${folder}${name}.map`, 'utf8')) as { sources: string[] }).sources);

  const commands = sources.flatMap((source) => /^\.\.\/src\/commands\/(.*)\.ts$/.exec(source)?.[1] ?? []);
  // `index` tells where each command is.
  expect(commands.toSorted()).toEqual(['checkpoint', 'claim', 'heartbeat', 'index', 'release', 'resume']);
});

test('a claim of a title with wide characters loads their widths, too', async () => {
  using cli = new Cli();
  const token = await heldTask(cli, '한글');

  const [plain, wide] = [await loadedBy(cli, ['heartbeat'], token), await loadedBy(cli, ['claim'], token)];

  expect(namesOf(plain)).not.toContain('string-width');
  expect(namesOf(wide)).toContain('string-width');
});

test.for(['', '--no-experimental-require-module'])('a claim cuts wide characters on node %s', async (flag) => {
  using cli = new Cli();
  await heldTask(cli, '한'.repeat(100));

  const { exit, stdout } = await cli.run(['claim', '--agent', AGENT], { env: { NODE_OPTIONS: flag } });

  expect([exit, /한+…/u.exec(stdout)?.[0]]).toEqual([0, `${'한'.repeat(29)}…`]);
});

test('an uncaught error prints one line of the program, with few characters', async () => {
  using cli = new Cli();
  const preload = 'data:text/javascript,process.stdout.on=null';

  const { exit, stderr } = await cli.run(['--version'], { env: { NODE_OPTIONS: `--import=${preload}` } });

  expect([exit, stderr]).toEqual([1, expect.stringContaining('process.stdout.on is not a function')]);
  expect(stderr.length).toBeLessThan(2_000);
});

test.for(['keeper-x64', 'keeper-arm64'])('%s lies beside the bundle, and can be executed', (name) => {
  const [built, source] = ['../native/', '../../../packages/runtime/native/'].map((place) =>
    fileURLToPath(new URL(`${place}${name}`, import.meta.url)),
  );

  expect(readFileSync(built ?? '').equals(readFileSync(source ?? ''))).toBe(true);
  expect(() => accessSync(built ?? '', constants.X_OK)).not.toThrow();
});

test('a build that is restored from a cache has all of the package that is not in its source', () => {
  const { files: packed } = readJson('../package.json') as { files: string[] };
  const { tasks } = readJson('../../../turbo.json') as { tasks: Record<string, { outputs: string[] }> };

  const made = packed.filter((name) => name !== 'bin');
  expect(tasks['@agent-orchestrator/cli#build']?.outputs).toEqual(made.map((name) => `${name}/**`));
});

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
}

/** A store with a held task and two that wait. @returns the token of the lease */
async function heldTask(cli: Cli, title = 'Write the report'): Promise<string> {
  const input = `${JSON.stringify({ title })}\n`.repeat(3);
  await cli.run(['task', 'create', '--jsonl', '-'], { input });
  return (await cli.json(['claim', '--agent', AGENT])).data.lease.token;
}

/** The URLs of all modules that a command loads. */
async function loadedBy(cli: Cli, words: readonly string[], token: string): Promise<readonly string[]> {
  const list = join(cli.folder, `loaded-${words[0]}`);
  const env = {
    NODE_OPTIONS: `--import=${new URL('support/list-loaded.mjs', import.meta.url).href}`,
    LOADED_LIST: list,
    ORCHESTRATOR_AGENT: AGENT,
    ORCHESTRATOR_TOKEN: token,
  };

  const { exit, stderr } = await cli.run(words, { env });

  expect([exit, stderr]).toEqual([0, expect.not.stringContaining('error')]);
  return readFileSync(list, 'utf8').trimEnd().split('\n');
}

/** The names of the files of the bundle among these, without their hashes. */
function namesOf(urls: readonly string[]): readonly string[] {
  return urls.flatMap((url) => nameOf(url) ?? []).toSorted();
}

function sizeOf(urls: readonly string[], name: string): number | undefined {
  const url = urls.find((one) => nameOf(one) === name);
  return files.get(url?.slice(dist.length) ?? '')?.length;
}

function nameOf(url: string): string | undefined {
  return url.startsWith(dist) ? url.slice(dist.length).replace(/(?:-[\w-]{8})?\.c?js$/u, '') : undefined;
}

/** A file and all that it imports, not counting what it loads on demand. */
function loadedWith(name: string, loaded = new Set<string>()): ReadonlySet<string> {
  if (loaded.has(name)) return loaded;
  loaded.add(name);
  const imports = files.get(name)?.matchAll(/^(?:import|export)\b[^;]*?"\.\/([^"]+)";/gmu) ?? [];
  for (const [, imported = ''] of imports) loadedWith(imported, loaded);
  return loaded;
}

function filesWith(text: string): string[] {
  return [...files].flatMap(([name, code]) => (code.includes(text) ? [name] : []));
}
