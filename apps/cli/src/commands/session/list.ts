import type { Orchestrator, Page, SessionStatus } from '@agent-orchestrator/core';
import { isStale, SESSION_STATUS_NAMES } from '@agent-orchestrator/runtime';
import { Option } from 'commander';
import { everyRow, type ListStart } from '@agent-orchestrator/runtime';
import { collect } from '../../input/parse.ts';
import type { Define } from '../../command-module.ts';
import { definePageOptions, listStart, pageRemark, type PageOptions } from '../../views/page.ts';
import { sessionTable, type ListedSession } from '../../views/session.ts';

interface ListOptions extends PageOptions {
  readonly status?: SessionStatus[];
  readonly heldBy?: string;
  readonly stale?: true;
}

export const defineList: Define = (parent, run) => {
  const command = parent
    .command('list')
    .description('list sessions by id')
    .addOption(
      new Option('--status <status>', `only these: ${SESSION_STATUS_NAMES.join(', ')} (repeatable)`).argParser(collect),
    )
    .option('--held-by <agent>', 'only sessions that this agent holds')
    .option('--stale', 'only sessions with a silent holder, which `recover` can end');
  definePageOptions(command).action(
    run<ListOptions>(async (call) => {
      const { status, heldBy, stale, limit, before } = call.options;
      const start = listStart(call.options);
      await using orchestrator = await call.open('read-only');
      const asOf = await orchestrator.asOf();
      const now = await orchestrator.now();
      const filter = {
        ...(status !== undefined && { status }),
        ...(heldBy !== undefined && { agent: heldBy }),
      };
      const { items, next } = stale
        ? await listStale(orchestrator, filter, { start, now, ...(limit !== undefined && { limit }) })
        : await orchestrator.listSessions({
            ...filter,
            ...(limit !== undefined && { limit }),
            ...start,
          });
      return {
        kind: 'sessions',
        data: items,
        asOf,
        meta: { next },
        ids: items.map(({ id }) => id),
        text: (paint) => sessionTable(items, now, paint),
        chatter: pageRemark('session', items, { next, ...(before !== undefined && { before }) }),
      };
    }),
  );
};

const DEFAULT_LIMIT = 50;

/** Stale is derived from the deadlines, so all held sessions are read. */
async function listStale(
  orchestrator: Orchestrator,
  filter: Parameters<Orchestrator['listSessions']>[0],
  { start, now, limit = DEFAULT_LIMIT }: { readonly start: ListStart; readonly now: number; readonly limit?: number },
): Promise<Page<ListedSession>> {
  const items: ListedSession[] = [];
  const held = everyRow((page) => orchestrator.listSessions({ status: ['running'], ...filter, ...page }), start);
  for await (const session of held) {
    if (!isStale(session, now)) continue;
    if (items.length === limit) return { items, next: items.at(-1)?.id ?? null };
    items.push(session);
  }
  return { items, next: null };
}
