// The commit rule of CONTRIBUTING.md accepts what it describes and names what is missing.
import { expect, test } from 'vitest';
import { problemsOfCommit } from '../scripts/commit-rule.ts';

const trailers = 'Author: company-agent\nReviewer: none\nSource: issue 2';
const good = `feat(core): claim the head of a session\n\nTwo agents must not do the same work.\n\n${trailers}\n`;

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
  ['nothing at all', '', 'subject'],
])('%s is named', (_, message, problem) => {
  expect(problemsOfCommit(message).join('; ')).toContain(problem);
});
