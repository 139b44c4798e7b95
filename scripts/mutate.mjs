// Usage: npm run mutate [-- [--incremental] [FILE…]]
// Tests the tests of the rules: prints the score and the changes of the source that no test noticed, and writes
// docs/mutation.md. With --incremental, only what changed since the last such run is tried. With files
// (`packages/core/src/commands/claim.ts`) only those are changed, and the page stays as it is.
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { ACCEPTED } from './mutation/accepted.ts';
import { countsOf, pageOf, reasonFor, SCORE_MIN, scoreOf, survivorsOf, total } from './mutation/report.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const files = process.argv.slice(2).filter((argument) => argument !== '--incremental');
const options = [
  ...(process.argv.includes('--incremental') ? ['--incremental'] : []),
  ...(files.length > 0 ? ['--mutate', files.join(',')] : []),
];

const started = performance.now();
const { status } = spawnSync('stryker', ['run', 'scripts/mutation/stryker.config.mjs', ...options], {
  cwd: root,
  stdio: 'inherit',
  // Through a shell, as npm does it: on Windows the entries of node_modules/.bin are .cmd files.
  shell: true,
});
if (status !== 0) process.exit(status ?? 1);

const report = JSON.parse(await readFile(`${root}node_modules/.cache/mutation/report.json`, 'utf8'));
const survivors = survivorsOf(report);
const unexplained = survivors.filter((survivor) => reasonFor(survivor, ACCEPTED) === undefined);
const used = new Set(survivors.map((survivor) => reasonFor(survivor, ACCEPTED)));
const stale = files.length > 0 ? [] : ACCEPTED.filter((one) => !used.has(one));
const counts = total(countsOf(report).values());
const score = scoreOf(counts);

for (const { file, line, was, became } of unexplained)
  console.log(`survived: ${file}:${line}  ${was}  =>  ${became === '' ? '(nothing)' : became}`);
for (const { file, text } of stale) console.log(`accepted, and no longer a survivor: ${file}  ${text}`);
console.log(
  `score ${score.toFixed(1)} % of ${counts.killed + counts.timedOut + counts.survived} changes; ` +
    `${survivors.length} survived, ${unexplained.length} of them not explained; ` +
    `${((performance.now() - started) / 60_000).toFixed(1)} minutes`,
);

if (files.length === 0) await writeFile(`${root}docs/mutation.md`, pageOf(report, ACCEPTED));
if (unexplained.length > 0 || stale.length > 0 || score < SCORE_MIN) process.exit(1);
