// Usage: node scripts/check-commits.mjs [RANGE]
// Checks the form of every commit message in a range; by default of the whole history.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { MERGE_RULE_SINCE, problemsOfCommit, problemsOfMerge } from './commit-rule.ts';

if (!existsSync('.git')) {
  console.log('no git repository here, so no commits to check');
  process.exit(0);
}

const [range = 'HEAD'] = process.argv.slice(2);

function commitsOf(...selection) {
  const log = execFileSync('git', ['log', '-z', '--format=%h%n%B', range, ...selection], {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  return log.split('\0').filter((entry) => entry !== '');
}

// A shallow clone may lack the commit; then it lacks the old merges as well.
const knowsSince = spawnSync('git', ['cat-file', '-e', `${MERGE_RULE_SINCE}^{commit}`]).status === 0;
const merges = commitsOf('--merges', ...(knowsSince ? [`^${MERGE_RULE_SINCE}`] : []));
const others = commitsOf('--no-merges');

let found = 0;
function check(commits, problemsOf) {
  for (const entry of commits) {
    const [hash, subject] = entry.split('\n', 2);
    for (const problem of problemsOf(entry.slice(entry.indexOf('\n') + 1))) {
      console.error(`${hash} ${subject}\n  ${problem}`);
      found += 1;
    }
  }
}
check(others, problemsOfCommit);
check(merges, problemsOfMerge);

console.log(`${others.length} commits and ${merges.length} merges, ${found} problems`);
if (found > 0) process.exit(1);
