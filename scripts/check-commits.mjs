// Usage: node scripts/check-commits.mjs [RANGE]
// Checks the form of every commit message in a range; by default of the whole history.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { problemsOfCommit } from './commit-rule.ts';

if (!existsSync('.git')) {
  console.log('no git repository here, so no commits to check');
  process.exit(0);
}

const [range = 'HEAD'] = process.argv.slice(2);
const log = execFileSync('git', ['log', '--no-merges', '-z', '--format=%h%n%B', range], {
  encoding: 'utf8',
  maxBuffer: 256 * 1024 * 1024,
});
const commits = log.split('\0').filter((entry) => entry !== '');

let found = 0;
for (const entry of commits) {
  const [hash, subject] = entry.split('\n', 2);
  for (const problem of problemsOfCommit(entry.slice(entry.indexOf('\n') + 1))) {
    console.error(`${hash} ${subject}\n  ${problem}`);
    found += 1;
  }
}
console.log(`${commits.length} commits, ${found} problems`);
if (found > 0) process.exit(1);
