/*
 * The bundle:
 *  - what few need is a chunk that is loaded on demand: the demo, the import of the old database
 *  - the demo is loaded by its command alone, and what only it needs is in no chunk of the others
 *  - its agents' program is a file of its own, under the name that the command starts
 *  - what every command loads at its start has neither schemas nor storages in it
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const folder = fileURLToPath(new URL('../dist/', import.meta.url));
const files = new Map(
  readdirSync(folder)
    .filter((name) => name.endsWith('.js'))
    .map((name) => [name, readFileSync(`${folder}${name}`, 'utf8')]),
);

test.for([
  ['the demo', 'FILES BY AGENT'],
  ['the import of the old database', 'distributed_lock'],
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
  expect(filesWith(`import("./${command}")`)).toEqual(['main.js']);
  expect(filesWith('FILES BY AGENT')).toEqual(['demo.js']);
});

test('the program of its agents is a file of its own', () => {
  expect(files.has('demo-agent.js')).toBe(true);
  expect(filesWith('"demo-agent.js"')).toEqual(filesWith('import("./demo.js")'));
});

test.for([
  ['the library of schemas', 'ZodType'],
  ['the storages', 'better-sqlite3'],
] as const)('%s is not loaded at the start of the program', ([, sign]) => {
  const [chunks, loaded] = [filesWith(sign), loadedWith('main.js')];

  expect(chunks.length).toBeGreaterThan(0);
  expect(chunks.filter((name) => loaded.has(name))).toEqual([]);
});

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
