import { labelOf, quoted, referenceTo, type QuestionInBrief } from '@agent-orchestrator/runtime';
import { printable, shorten } from '../output/printable.ts';
import { state, type Paint } from '../output/style.ts';
import { relative } from '../output/time.ts';

const TITLE_COLUMNS = 40;
const QUESTION_BYTES = 200;

/** One line: the task, who asks whom since when, the question, and how to answer it. */
export function questionLine(task: QuestionInBrief, now: number, paint: Paint): string {
  const { title, question, askedAt, askedBy, askedAgent, askedRole } = task;
  const of = askedAgent ?? (askedRole === null ? 'any agent' : `role ${askedRole}`);
  return [
    `${state('waiting', paint)}  ${labelOf('task', task)}  ${shorten(printable(title), TITLE_COLUMNS)}`,
    `${askedBy ?? 'its holder'} asked ${of} ${relative(askedAt ?? now, now)}: ` +
      quoted(question ?? '', QUESTION_BYTES),
    paint('dim', `orchestrator answer ${referenceTo('task', task)} TEXT`),
  ].join('  ');
}
