import { Failure } from '../../failure.ts';
import { notFound, openReview, sessionHeld } from '../../refusals.ts';
import { counted, labelOf, shellWord } from '@agent-orchestrator/runtime';
import { state } from '../../output/style.ts';
import type { Define } from '../../command-module.ts';

interface CloseOptions {
  readonly cancelTasks?: true;
}

export const defineClose: Define = (parent, run) => {
  parent
    .command('close')
    .description('close a session that is not held')
    .argument('<session>', 'its id')
    .option('--cancel-tasks', 'cancel its waiting tasks')
    .action(
      run<CloseOptions, [string]>(async (call, id) => {
        const { cancelTasks = false } = call.options;
        await using orchestrator = await call.openForAsOf('existing');
        const asOf = await orchestrator.asOf();
        const reply = await orchestrator.closeSession({ sessionId: id, cancelTasks, ...call.command });
        if (!reply.ok) {
          if (reply.reason === 'not_found') throw notFound('session', id);
          if (reply.reason === 'busy') throw sessionHeld(reply, id, await orchestrator.now());
          if (reply.reason === 'open_review') throw openReview(reply.reviewed);
          throw new Failure('NOT_EMPTY', `Session ${id} has ${counted(reply.waiting, 'waiting task')}.`, {
            hint:
              `\`orchestrator task list --session ${shellWord(id)}\` lists them. ` +
              '`orchestrator session close --help` says how to cancel them with the session.',
            details: { waiting: reply.waiting },
          });
        }
        const { cancelled } = reply;
        const session = await orchestrator.getSession(id);
        const name = session === null ? id : labelOf('session', session);
        return {
          kind: 'session',
          data: { id: session?.id ?? id, status: 'closed', cancelled },
          asOf,
          ids: [session?.id ?? id],
          text: (paint) => {
            const remark = cancelled === 0 ? '' : `; ${counted(cancelled, 'task')} cancelled`;
            return [`${state('closed', paint)}  ${name}${remark}`];
          },
          chatter: ['a new task in it opens it again'],
        };
      }),
    );
};
