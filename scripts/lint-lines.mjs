// Lines at most 120 columns wide: code, comments, strings, tests, workflows, pages.
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import process from 'node:process';
import { COLUMNS_MAX, wideLines } from '../lint/line-width.ts';

// Installed, built, or written by a tool.
const skipped = new Set(['node_modules', 'dist', 'drizzle', 'coverage', '.git', '.turbo']);

const texts = '*.{ts,mts,js,mjs,md,yml,yaml,sh}';
// A folder that begins with a dot is found only by name.
const names = globSync([`**/${texts}`, `{.github,.changeset}/**/${texts}`, '.ci/*'], {
  exclude: (path) => skipped.has(basename(path)),
}).map((name) => name.replaceAll('\\', '/'));

let found = 0;
for (const name of names) {
  for (const { line, columns } of wideLines(name, readFileSync(name, 'utf8'))) {
    console.error(`${name}:${line} has ${columns} columns, at most ${COLUMNS_MAX}`);
    found += 1;
  }
}
if (found > 0) process.exit(1);
