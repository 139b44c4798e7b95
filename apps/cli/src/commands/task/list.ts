import type { TaskStatus } from '@agent-orchestrator/core';
import { TASK_STATUS_NAMES } from '@agent-orchestrator/runtime';
import { Option } from 'commander';
import { collect, parseCount } from '../../input/parse.ts';
import type { Define } from '../../command-module.ts';
import { taskTable } from '../../views/task.ts';
import { pageRemark, type PageOptions } from '../../views/page.ts';

interface ListOptions extends PageOptions {
  readonly session?: string;
  readonly status?: TaskStatus[];
  readonly kind?: string;
}

export const defineList: Define = (parent, run) => {
  parent
    .command('list')
    .description('list tasks, oldest first')
    .option('--session <id>', 'only tasks of this session')
    .addOption(
      new Option('--status <status>', `only these: ${TASK_STATUS_NAMES.join(', ')} (repeatable)`).argParser(collect),
    )
    .option('--kind <name>', 'only tasks of this kind')
    .option('--limit <n>', 'maximum number (default: 50)', parseCount)
    .option('--after <cursor>', 'the page after this one')
    .action(
      run<ListOptions>(async (call) => {
        const { session, status, kind, limit, after } = call.options;
        await using orchestrator = await call.open('read-only');
        const asOf = await orchestrator.asOf();
        const { items, next } = await orchestrator.listTasks({
          ...(session !== undefined && { sessionId: session }),
          ...(status !== undefined && { status }),
          ...(kind !== undefined && { kind }),
          ...(limit !== undefined && { limit }),
          ...(after !== undefined && { after }),
        });
        const names = await call.names(orchestrator, { sessions: items.map(({ sessionId }) => sessionId) });
        const now = await orchestrator.now();
        return {
          kind: 'tasks',
          data: items,
          asOf,
          meta: { next },
          ids: items.map(({ id }) => id),
          text: (paint) => taskTable(items, names, now, paint),
          chatter: pageRemark('task', items, next),
        };
      }),
    );
};
