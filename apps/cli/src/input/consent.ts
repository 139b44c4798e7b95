import type { Output } from '../output/output.ts';
import { Failure } from '../failure.ts';

/**
 * Whether a person agrees to a change that was shown. Only `y` and `yes` do.
 *
 * @param yes the flag `--yes`: the person agreed before
 * @throws `NOT_CONFIRMED` if there is no person to ask; `INTERRUPTED` if the person ended the input instead
 */
export async function agrees(output: Output, question: string, yes: boolean): Promise<boolean> {
  if (yes) return true;
  requirePerson(output);
  const answer = await output.ask(`${question} [y/N]`);
  if (answer === null) throw interrupted();
  return /^y(?:es)?$/iu.test(answer.trim());
}

/** A text from the person; an empty line gives the proposal. */
export async function answered(output: Output, question: string, proposal: string): Promise<string> {
  requirePerson(output);
  const answer = await output.ask(`${question} [${proposal}]`);
  if (answer === null) throw interrupted();
  return answer.trim() || proposal;
}

/** @throws `NOT_CONFIRMED` */
export function requirePerson(output: Output): void {
  if (output.canAsk) return;
  throw new Failure('NOT_CONFIRMED', 'This changes files of other programs, and there is no terminal to ask on.', {
    hint: 'Look at the change with --dry-run; then agree to it with --yes.',
    field: 'yes',
  });
}

function interrupted(): Failure {
  return new Failure('INTERRUPTED', 'The input ended before the answer. Nothing more was changed.');
}
