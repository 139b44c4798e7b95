import { Failure } from '../../failure.ts';
import { notFound, sessionHeld } from '../../refusals.ts';
import { labelOf } from '@agent-orchestrator/runtime';
import { printable } from '../../output/printable.ts';
import { state } from '../../output/style.ts';
import type { Define } from '../../command-module.ts';

interface CloseOptions {
  readonly cancelTasks?: true;
}

export const defineClose: Define = (parent, run) => {
  parent
    .command('close')
    .description('close a session that nobody works on')
    .argument('<session>', 'its id')
    .option('--cancel-tasks', 'cancel the tasks that wait in it, instead of refusing')
    .action(
      run<CloseOptions, [string]>(async (call, id) => {
        const { cancelTasks = false } = call.options;
        await using orchestrator = await call.open('existing');
        const asOf = await orchestrator.asOf();
        const reply = await orchestrator.closeSession({ sessionId: id, cancelTasks, ...call.command });
        if (!reply.ok) {
          if (reply.reason === 'not_found') throw notFound('session', id);
          if (reply.reason === 'busy') throw sessionHeld(reply, id, await orchestrator.now());
          throw new Failure('NOT_EMPTY', `${reply.waiting} tasks wait in session ${id}: closing it would lose them.`, {
            hint: `\`orchestrator task list --session ${id}\` lists them. \`orchestrator session close --help\` says how to cancel them along with it.`,
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
          text: (paint) => [
            `${state('closed', paint)}  ${printable(name)}${cancelled === 0 ? '' : `; ${cancelled} tasks cancelled`}`,
          ],
          chatter: ['a task that is added to it opens it again'],
        };
      }),
    );
};
