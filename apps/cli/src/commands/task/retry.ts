import type { TaskRecord } from '@agent-orchestrator/core';
import { labelOf, referenceTo, shellArgument } from '@agent-orchestrator/runtime';
import { Failure } from '../../failure.ts';
import { notFound } from '../../refusals.ts';
import type { Define } from '../../command-module.ts';
import { taskLine } from '../../views/task.ts';

export const defineRetry: Define = (parent, run) => {
  parent
    .command('retry')
    .description('queue a failed or cancelled task again, with new counters')
    .argument('<task>', 'its id')
    .action(
      run<object, [string]>(async (call, id) => {
        await using orchestrator = await call.openForAsOf('existing');
        const asOf = await orchestrator.asOf();
        const reply = await orchestrator.retryTask({ taskId: id, ...call.command });
        if (!reply.ok) {
          if (reply.reason === 'not_found') throw notFound('task', id);
          if (reply.reason === 'duplicate')
            throw new Failure(
              'DUPLICATE',
              `Task ${id} cannot be queued again: task ${labelOf('task', reply.task)} holds its dedupe key.`,
              {
                hint: keyHint(reply.task),
                details: { task: reply.task },
              },
            );
          if (reply.reason === 'review_over')
            throw new Failure('REVIEW_OVER', `Task ${reply.reviewed} does not wait for this review any more.`, {
              hint: `\`orchestrator task show ${shellArgument(reply.reviewed)}\` shows what it waits for.`,
              details: { reviewed: reply.reviewed },
            });
          const done = reply.reason === 'succeeded';
          throw new Failure(
            done ? 'SUCCEEDED' : 'NOT_ENDED',
            `Task ${id} is ${reply.status}: only failed or cancelled tasks can be retried.`,
            {
              hint: done
                ? 'Create a new task to do it again.'
                : `\`orchestrator task show ${shellArgument(id)}\` shows what it waits for.`,
              details: { status: reply.status },
            },
          );
        }
        return {
          kind: 'task',
          data: reply.task,
          asOf,
          ids: [reply.task.id],
          text: (paint) => [`queued again: ${taskLine(reply.task, paint)}`],
          chatter: ['next: orchestrator claim'],
        };
      }),
    );
};

/** What to do about the holder of the key: one that holds it for as long as it is kept never gives it back. */
function keyHint(holder: TaskRecord): string {
  const shows = `\`orchestrator task show ${shellArgument(referenceTo('task', holder))}\` shows it.`;
  return holder.dedupeWhile === null
    ? `It holds the key also after its end: add a new task with another key. ${shows}`
    : `Retry when it has ended. ${shows}`;
}
