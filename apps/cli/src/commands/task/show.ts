import { readTaskGraph, referenceTo } from '@agent-orchestrator/runtime';
import { notFound } from '../../refusals.ts';
import type { Define } from '../../command-module.ts';
import { mentionedIn } from '../../views/event.ts';
import { leaseOfTask, namedBy, taskCard } from '../../views/task.ts';
import { relatedLines } from '../../views/task-graph.ts';

/** How many events of the task are shown. */
const HISTORY = 20;

export const defineShow: Define = (parent, run) => {
  parent
    .command('show')
    .description('show a task, its lease and its history')
    .argument('<task>', 'its id')
    .action(
      run<object, [string]>(async (call, id) => {
        await using orchestrator = await call.open('read-only');
        const asOf = await orchestrator.asOf();
        const task = await orchestrator.getTask(id);
        if (task === null) throw notFound('task', id);
        const lease = leaseOfTask(task, await orchestrator.getSession(task.sessionId));
        const history = await orchestrator.listEvents({ taskId: id, limit: HISTORY });
        const mentioned = mentionedIn(history.items);
        const names = await call.names(orchestrator, { ...mentioned, tasks: [...mentioned.tasks, ...namedBy(task)] });
        const graph = await readTaskGraph(orchestrator, task.id);
        const now = await orchestrator.now();
        return {
          kind: 'task',
          data: { ...task, lease, ...(graph !== null && graph.tasks.length > 1 && { graph }) },
          asOf,
          ids: [task.id],
          text: (paint) => [
            ...taskCard(task, lease, history.items, names, now, paint),
            ...(graph === null ? [] : relatedLines(graph, paint)),
          ],
          chatter:
            history.next === null
              ? []
              : [`first ${HISTORY} events; all: orchestrator events --task ${referenceTo('task', task)} --after 0`],
        };
      }),
    );
};
