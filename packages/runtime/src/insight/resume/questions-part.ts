import { isAsking, isoSeconds } from '@agent-orchestrator/core';
import type { Part } from './card-fit.ts';
import { items, type CardText } from './card-text.ts';
import type { QuestionFor, ResumeFacts, TaskFacts } from './resume-facts.ts';

/** The open questions to the agent. They come first: a task of another agent waits for each. */
export function questionsPart({ agent, questions, questionsMore }: ResumeFacts, say: CardText): Part {
  return {
    heading: `Questions to ${agent === null ? 'the agent' : say.name(agent)}`,
    lines: items(
      'about',
      questions.map((one) => questionLine(one, say)),
    ),
    unread: 0,
    isCapped: questionsMore,
    rest: { what: 'question', command: 'ask list' },
  };
}

function questionLine({ taskId, title, question, askedBy, askedAt, role }: QuestionFor, say: CardText): string {
  const of = role === null ? '' : ` of role ${say.name(role)}`;
  const task = `task ${say.names.taskReference(taskId)}`;
  const asked = `asked${of}${say.by(askedBy)} at ${isoSeconds(askedAt)}`;
  const answer = `\`orchestrator answer ${say.names.taskReference(taskId)} TEXT\``;
  return `${task} ${say.text('title', title)}, ${asked}: ${say.text('question', question)}; ${answer}`;
}

/** The last question of a task, and its answer. */
export function questionLines(task: TaskFacts, say: CardText): string[] {
  const { question, askedAt, askedBy, answer, answeredBy } = task;
  if (question === null || askedAt === null) return [];
  const author = answeredBy === null ? 'an unnamed agent' : say.name(answeredBy);
  const open = isAsking(task) ? ', not answered yet' : '';
  return [
    `question asked${say.by(askedBy)} at ${isoSeconds(askedAt)}${open}: ${say.text('question', question)}`,
    ...(answer === null ? [] : [`answer of ${author}: ${say.text('question', answer)}`]),
  ];
}
