import type { Answered } from '@agent-orchestrator/core';
import { shellArgument } from '@agent-orchestrator/runtime';
import type { Call } from '../call.ts';
import type { Define } from '../command-module.ts';
import { Failure } from '../failure.ts';
import { parseTime } from '../input/since.ts';
import type { Answer } from '../output/output.ts';
import { timestamp } from '../output/time.ts';
import { notFound } from '../refusals.ts';
import { taskLine } from '../views/task.ts';

interface AnswerOptions {
  readonly askedAt?: number;
}

const define: Define = (program, run) => {
  program
    .command('answer')
    .description('answer the question of a waiting task')
    .argument('<task>', 'its id')
    .argument('<text>', 'the answer, for the next holder')
    .option(
      '--asked-at <time>',
      'only the question that was asked at this time, as `ask list --json` shows it',
      parseTime,
    )
    .action(run<AnswerOptions, [string, string]>(answer));
};

export default define;

async function answer(call: Call<AnswerOptions>, taskId: string, text: string): Promise<Answer> {
  const { askedAt } = call.options;
  const { agent } = await call.requireAgent();
  const request = { taskId, answer: text, agent, ...(askedAt !== undefined && { askedAt }), ...call.command };
  await call.check('answerTask', request);
  await using orchestrator = await call.openForAsOf('existing');
  const asOf = await orchestrator.asOf();
  const reply = await orchestrator.answerTask(request);
  if (!reply.ok) throw refused(reply, taskId);
  return {
    kind: 'task',
    data: reply.task,
    asOf,
    ids: [reply.task.id],
    text: (paint) => [`answered: ${taskLine(reply.task, paint)}`],
    chatter: [
      reply.task.status === 'queued'
        ? 'next: orchestrator claim'
        : 'the task is queued again when those it waits for have ended: orchestrator task graph',
    ],
  };
}

function refused(reply: Extract<Answered, { ok: false }>, id: string): Failure {
  const shows = `\`orchestrator task show ${shellArgument(id)}\` shows`;
  switch (reply.reason) {
    case 'not_found':
      return notFound('task', id);
    case 'no_question':
      return new Failure('NO_QUESTION', `Task ${id} asks nothing: it is ${reply.status}.`, {
        hint: '`orchestrator ask list` lists the open questions.',
        field: 'taskId',
        details: { status: reply.status },
      });
    case 'answered': {
      const { status, answer: given, answeredBy } = reply;
      return new Failure(
        'ANSWERED',
        `The question of task ${id} was answered by ${answeredBy ?? 'an unnamed agent'}.`,
        {
          hint: `${shows} the answer.`,
          details: { status, answer: given, answeredBy },
        },
      );
    }
    case 'other_question': {
      const { askedAt } = reply;
      return new Failure('OTHER_QUESTION', `Task ${id} asked its last question at ${timestamp(askedAt)}.`, {
        hint: `${shows} that question.`,
        field: 'askedAt',
        details: { askedAt },
      });
    }
  }
}
