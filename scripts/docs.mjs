// Writes the generated pages; with --check, fails when a committed one is stale instead.
// A generator is a module whose default export is { page, generate }: the page's path from the top of the
// repository, and a function that returns its text. It may import the packages' TypeScript source.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const generators = [
  './docs/lifecycle.ts',
  './docs/events.ts',
  './docs/errors.ts',
  './docs/limits.ts',
  './docs/metrics.ts',
  './docs/conformance.ts',
  './docs/tables.ts',
  '../apps/cli/scripts/reference.mjs',
];

const check = process.argv.includes('--check');
const stale = [];

for (const path of generators) {
  const { page, generate } = (await import(path)).default;
  const file = fileURLToPath(new URL(`../${page}`, import.meta.url));
  const text = await generate();
  const committed = await readFile(file, 'utf8').catch(() => undefined);
  if (committed === text) continue;

  stale.push(page);
  if (!check) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

const pages = `${generators.length} generated pages`;
if (stale.length === 0) console.log(`${pages}, all up to date`);
else if (!check) console.log(`${pages}, rewritten: ${stale.join(', ')}`);
else {
  console.error(`stale: ${stale.join(', ')}; run: npm run docs`);
  process.exit(1);
}
