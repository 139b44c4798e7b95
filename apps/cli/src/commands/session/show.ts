import { notFound } from '../../refusals.ts';
import type { Define } from '../../command-module.ts';
import { sessionCard } from '../../views/session.ts';

export const defineShow: Define = (parent, run) => {
  parent
    .command('show')
    .description('show a session: its holder, its context, its next task')
    .argument('<session>', 'its id')
    .action(
      run<object, [string]>(async (call, id) => {
        await using orchestrator = await call.open('read-only');
        const asOf = await orchestrator.asOf();
        const session = await orchestrator.getSession(id);
        if (session === null) throw notFound('session', id);
        const names = await call.names(orchestrator, { tasks: [session.taskId, session.headTaskId] });
        const now = await orchestrator.now();
        return {
          kind: 'session',
          data: session,
          asOf,
          ids: [session.id],
          text: (paint) => sessionCard(session, names, now, paint),
        };
      }),
    );
};
