import { Failure } from '../../failure.ts';
import { notFound } from '../../refusals.ts';
import { state } from '../../output/style.ts';
import type { Define } from '../../command-module.ts';

export const defineCancel: Define = (parent, run) => {
  parent
    .command('cancel')
    .description('end a task that waits; ask the holder of one that runs to stop')
    .argument('<task>', 'its id')
    .action(
      run<object, [string]>(async (call, id) => {
        await using orchestrator = await call.open('existing');
        const asOf = await orchestrator.asOf();
        const reply = await orchestrator.cancelTask({ taskId: id, ...call.command });
        if (!reply.ok) {
          if (reply.reason === 'not_found') throw notFound('task', id);
          throw new Failure('ENDED', `Task ${id} has ended before: it is ${reply.status}.`, {
            hint: `\`orchestrator task show ${id}\` shows how.`,
            details: { status: reply.status },
          });
        }
        const { status } = reply;
        return {
          kind: 'task',
          data: { id, status, cancelRequested: status === 'running' },
          asOf,
          ids: [id],
          text: (paint) => [
            status === 'cancelled'
              ? `${state('cancelled', paint)}  ${id}`
              : `cancellation asked: ${state('running', paint)}  ${id}; its holder learns of it with its next heartbeat`,
          ],
          chatter: [`next: orchestrator task show ${id}`],
        };
      }),
    );
};
