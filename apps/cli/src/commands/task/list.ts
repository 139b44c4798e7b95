import type { TaskStatus } from '@agent-orchestrator/core';
import { TASK_STATUS_NAMES } from '@agent-orchestrator/runtime';
import { Option } from 'commander';
import { collect } from '../../input/parse.ts';
import type { Define } from '../../command-module.ts';
import { taskTable } from '../../views/task.ts';
import { definePageOptions, listStart, pageRemark, type PageOptions } from '../../views/page.ts';

interface ListOptions extends PageOptions {
  readonly session?: string;
  readonly status?: TaskStatus[];
  readonly kind?: string;
  readonly handedOff?: true;
  readonly dedupeKey?: string;
}

export const defineList: Define = (parent, run) => {
  const command = parent
    .command('list')
    .description('list tasks, oldest first')
    .option('--session <id>', 'only tasks of this session')
    .addOption(
      new Option('--status <status>', `only these: ${TASK_STATUS_NAMES.join(', ')} (repeatable)`).argParser(collect),
    )
    .option('--kind <name>', 'only tasks of this kind')
    .option('--handed-off', 'only tasks that were handed off and not claimed since')
    .option('--dedupe-key <key>', 'only the task that holds this dedupe key');
  definePageOptions(command).action(
    run<ListOptions>(async (call) => {
      const { session, status, kind, handedOff, dedupeKey, limit, before } = call.options;
      const start = listStart(call.options);
      await using orchestrator = await call.open('read-only');
      const asOf = await orchestrator.asOf();
      const { items, next } = await orchestrator.listTasks({
        ...(session !== undefined && { sessionId: session }),
        ...(status !== undefined && { status }),
        ...(kind !== undefined && { kind }),
        ...(handedOff && { handedOff }),
        ...(dedupeKey !== undefined && { dedupeKey }),
        ...(limit !== undefined && { limit }),
        ...start,
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
        chatter: pageRemark('task', items, { next, ...(before !== undefined && { before }) }),
      };
    }),
  );
};
