// The form of a commit message; CONTRIBUTING.md says what it is for.

const types = ['feat', 'fix', 'perf', 'refactor', 'test', 'docs', 'build', 'chore'];
const subjectForm = new RegExp(`^(${types.join('|')})\\([a-z0-9-]+\\): \\S.*[^.\\s]$`, 'u');
const subjectLengthMax = 100;
const trailers = ['Author', 'Reviewer', 'Source'];

/** Merge commits that this commit contains were made before there was a rule for them. */
export const MERGE_RULE_SINCE = '1e12430878cc309ef4b293b7bb9b886343679c70';

/** What is wrong with the message of an ordinary commit, one sentence each. */
export function problemsOfCommit(message: string): string[] {
  const { paragraphs, subject, last } = partsOf(message);
  const problems: string[] = [];

  if (!subjectForm.test(subject)) problems.push('the subject is not `type(package): sentence`, without a full stop');
  if (subject.length > subjectLengthMax) problems.push(`the subject is longer than ${subjectLengthMax} characters`);
  if (paragraphs.length < 3) problems.push('there is no body that says why');
  for (const name of trailers) problems.push(...problemsOfTrailer(last, name));
  return [...problems, ...problemsOfReview(message, last)];
}

/** What is wrong with the message of a merge commit: only a review, or its absence, has to be on record. */
export function problemsOfMerge(message: string): string[] {
  const { subject, last } = partsOf(message);
  const problems: string[] = [];

  if (subject.length > subjectLengthMax) problems.push(`the subject is longer than ${subjectLengthMax} characters`);
  problems.push(...problemsOfTrailer(last, 'Reviewer'));
  return [...problems, ...problemsOfReview(message, last)];
}

function partsOf(message: string) {
  const paragraphs = message.trim().split(/\n{2,}/u);
  return { paragraphs, subject: paragraphs[0] ?? '', last: paragraphs.length > 1 ? (paragraphs.at(-1) ?? '') : '' };
}

function problemsOfTrailer(last: string, name: string): string[] {
  const count = last.match(new RegExp(`^${name}: \\S.*$`, 'gmu'))?.length ?? 0;
  return count === 1 ? [] : [`the last paragraph needs one trailer \`${name}:\``];
}

/** A reviewer without findings is a courtesy: the line `Review:`, and below it a list with at least one item. */
function problemsOfReview(message: string, last: string): string[] {
  const reviewer = last.match(/^Reviewer: (\S.*)$/mu)?.[1]?.trim();
  if (reviewer === undefined || reviewer === 'none') return [];
  return /^Review:[ \t]*\n+[-*] \S/mu.test(message)
    ? []
    : [`\`Reviewer: ${reviewer}\` needs a line \`Review:\` and below it a list of what the review found`];
}
