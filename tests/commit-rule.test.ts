// The commit rule of CONTRIBUTING.md accepts what it describes and names what is missing:
// - an ordinary commit has a typed subject, a body and three trailers
// - a merge commit says who reviewed it
// - a reviewer goes with a list of findings, in both
// - the check finds a bad merge in a repository, and leaves older merges alone
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { problemsOfCommit, problemsOfMerge } from '../scripts/commit-rule.ts';

const trailers = 'Author: company-agent\nReviewer: none\nSource: issue 2';
const good = `feat(core): claim the head of a session\n\nTwo agents must not do the same work.\n\n${trailers}\n`;
const findings = 'Review:\n- `claim` took a closed session: fixed, with a test.\n- nothing else found.';
const reviewed = `Merge issue 8, part 4: one table of statuses\n\n${findings}\n\nReviewer: home-agent\n`;
const unreviewed = 'Merge branch house into rules\n\nReviewer: none\n';

test('a commit in the described form has no problems', () => {
  expect(problemsOfCommit(good)).toEqual([]);
});

test.each([
  ['a subject without a package', good.replace('(core)', ''), 'subject'],
  ['an unknown type', good.replace('feat', 'feature'), 'subject'],
  ['a subject that ends with a full stop', good.replace('session\n', 'session.\n'), 'subject'],
  ['a subject that is too long', good.replace('claim', 'claim '.repeat(30)), 'longer'],
  ['no body', `feat(core): claim\n\n${trailers}`, 'body'],
  ['no trailers', 'feat(core): claim\n\nWhy.\n\nMore.', '`Author:`'],
  ['a missing trailer', good.replace('Reviewer: none\n', ''), '`Reviewer:`'],
  ['an empty trailer', good.replace('issue 2', ''), '`Source:`'],
  ['a trailer twice', good.replace('Reviewer: none', 'Reviewer: none\nReviewer: none'), '`Reviewer:`'],
  ['trailers before the end', `${good}\nAn afterthought.`, '`Author:`'],
  ['a reviewer without findings', good.replace('Reviewer: none', 'Reviewer: home-agent'), '`Review:`'],
  ['nothing at all', '', 'subject'],
])('%s is named', (_, message, problem) => {
  expect(problemsOfCommit(message).join('; ')).toContain(problem);
});

test.each([
  ['with a review', reviewed],
  ['with a review and other trailers', reviewed.replace('Reviewer:', 'Source: issue 8\nReviewer:')],
  ['with a blank line below `Review:`', reviewed.replace('Review:\n', 'Review:\n\n')],
  ['without a review', unreviewed],
])('a merge commit %s has no problems', (_, message) => {
  expect(problemsOfMerge(message)).toEqual([]);
});

test.each([
  ['no body', 'Merge branch rules', '`Reviewer:`'],
  ['no trailer', `Merge branch rules\n\n${findings}`, '`Reviewer:`'],
  ['an empty trailer', unreviewed.replace('none', ''), '`Reviewer:`'],
  ['two reviewers', unreviewed.replace('Reviewer: none', 'Reviewer: none\nReviewer: home-agent'), '`Reviewer:`'],
  ['no findings', reviewed.replace(findings, 'Looked good.'), '`Review:`'],
  ['an empty list of findings', reviewed.replace(findings, 'Review:\n'), '`Review:`'],
  ['an empty finding', reviewed.replace(findings, 'Review:\n- '), '`Review:`'],
  ['findings that are no list', reviewed.replaceAll('\n- ', '\n'), '`Review:`'],
  ['a list without its line', reviewed.replace('Review:\n', ''), '`Review:`'],
  ['a subject that is too long', unreviewed.replace('house', 'house'.repeat(30)), 'longer'],
])('a merge commit with %s is told so', (_, message, problem) => {
  expect(problemsOfMerge(message).join('; ')).toContain(problem);
});

test('the check reads the merges of a repository', () => {
  const folder = mkdtempSync(join(tmpdir(), 'orchestrator-commits-'));
  try {
    const git = (...args: string[]) => execFileSync('git', ['-C', folder, ...identity, ...args], { stdio: 'pipe' });
    git('init', '--quiet', '--initial-branch=main');
    git('commit', '--quiet', '--allow-empty', '-m', good);
    git('switch', '--quiet', '-c', 'part');
    git('commit', '--quiet', '--allow-empty', '-m', good);
    git('switch', '--quiet', 'main');
    git('merge', '--quiet', '--no-ff', '-m', reviewed, 'part');
    const first = checkCommits(folder);
    git('switch', '--quiet', 'part');
    git('commit', '--quiet', '--allow-empty', '-m', good);
    git('switch', '--quiet', 'main');
    git('merge', '--quiet', '--no-ff', 'part');

    const second = checkCommits(folder);

    expect(first).toMatchObject({ status: 0, stdout: '2 commits and 1 merges, 0 problems\n' });
    expect(second).toMatchObject({ status: 1, stdout: '3 commits and 2 merges, 1 problems\n' });
    expect(second.stderr).toMatch(/Merge branch 'part'\n {2}the last paragraph needs one trailer `Reviewer:`/u);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

const identity = ['-c', 'user.name=a', '-c', 'user.email=a@example.org', '-c', 'commit.gpgsign=false'];

function checkCommits(folder: string) {
  const script = fileURLToPath(new URL('../scripts/check-commits.mjs', import.meta.url));
  return spawnSync(process.execPath, [script], { cwd: folder, encoding: 'utf8' });
}
