import { readTaskGraph, waitsForTasks } from '@agent-orchestrator/runtime';
import { notFound } from '../../refusals.ts';
import type { Define } from '../../command-module.ts';
import { taskGraphLines } from '../../views/task-graph.ts';

export const defineGraph: Define = (parent, run) => {
  parent
    .command('graph')
    .description('show what a task waits for, what waits for it, and its sub-tasks')
    .argument('<task>', 'its id')
    .action(
      run<object, [string]>(async (call, id) => {
        await using orchestrator = await call.open('read-only');
        const asOf = await orchestrator.asOf();
        const graph = await orchestrator.snapshot((reads) => readTaskGraph(reads, id));
        if (graph === null) throw notFound('task', id);
        return {
          kind: 'task_graph',
          data: graph,
          asOf,
          ids: graph.tasks.map((task) => task.id),
          text: (paint) => taskGraphLines(graph, paint),
          chatter: graph.tasks.some((task) => waitsForTasks(task)) ? ['why: orchestrator why task TASK'] : [],
        };
      }),
    );
};
