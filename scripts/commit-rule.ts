// The form of a commit message; CONTRIBUTING.md says what it is for.

const types = ['feat', 'fix', 'perf', 'refactor', 'test', 'docs', 'build', 'chore'];
const subjectForm = new RegExp(`^(${types.join('|')})\\([a-z0-9-]+\\): \\S.*[^.\\s]$`, 'u');
const subjectLengthMax = 100;
const trailers = ['Author', 'Reviewer', 'Source'];

/** What is wrong with a commit message, one sentence each. */
export function problemsOfCommit(message: string): string[] {
  const paragraphs = message.trim().split(/\n{2,}/u);
  const subject = paragraphs[0] ?? '';
  const last = paragraphs.length > 1 ? (paragraphs.at(-1) ?? '') : '';
  const problems: string[] = [];

  if (!subjectForm.test(subject)) problems.push('the subject is not `type(package): sentence`, without a full stop');
  if (subject.length > subjectLengthMax) problems.push(`the subject is longer than ${subjectLengthMax} characters`);
  if (paragraphs.length < 3) problems.push('there is no body that says why');
  for (const name of trailers) {
    const count = last.match(new RegExp(`^${name}: \\S.*$`, 'gmu'))?.length ?? 0;
    if (count !== 1) problems.push(`the last paragraph needs one trailer \`${name}:\``);
  }
  return problems;
}
