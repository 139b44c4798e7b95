import { Failure } from '../../failure.ts';
import { notFound, openReview } from '../../refusals.ts';
import { labelOf, shellArgument } from '@agent-orchestrator/runtime';
import { state } from '../../output/style.ts';
import type { Define } from '../../command-module.ts';

export const defineCancel: Define = (parent, run) => {
  parent
    .command('cancel')
    .description('cancel a waiting task, or ask the holder of a running one to stop')
    .argument('<task>', 'its id')
    .action(
      run<object, [string]>(async (call, id) => {
        await using orchestrator = await call.openForAsOf('existing');
        const asOf = await orchestrator.asOf();
        const reply = await orchestrator.cancelTask({ taskId: id, ...call.command });
        if (!reply.ok) {
          if (reply.reason === 'not_found') throw notFound('task', id);
          if (reply.reason === 'open_review') throw openReview(reply.reviewed);
          throw new Failure('ENDED', `Task ${id} has ended already: it is ${reply.status}.`, {
            hint: `\`orchestrator task show ${shellArgument(id)}\` shows its history.`,
            details: { status: reply.status },
          });
        }
        const { status } = reply;
        const task = await orchestrator.getTask(id);
        const name = task === null ? id : labelOf('task', task);
        return {
          kind: 'task',
          data: { id: task?.id ?? id, status, cancelRequested: status === 'running' },
          asOf,
          ids: [task?.id ?? id],
          text: (paint) => [
            status === 'cancelled'
              ? `${state('cancelled', paint)}  ${name}`
              : `cancellation requested: ${state('running', paint)}  ${name}; its next heartbeat says so`,
          ],
          chatter: [`next: orchestrator task show ${shellArgument(id)}`],
        };
      }),
    );
};
