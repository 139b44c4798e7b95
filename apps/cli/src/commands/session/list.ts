import type { Orchestrator, Page, SessionStatus } from '@agent-orchestrator/core';
import { isStale, SESSION_STATUS_NAMES } from '@agent-orchestrator/runtime';
import { Option } from 'commander';
import { everyRow } from '@agent-orchestrator/runtime';
import { collect, parseCount } from '../../input/parse.ts';
import type { Define } from '../../command-module.ts';
import { pageRemark, type PageOptions } from '../../views/page.ts';
import { sessionTable, type ListedSession } from '../../views/session.ts';

interface ListOptions extends PageOptions {
  readonly status?: SessionStatus[];
  readonly heldBy?: string;
  readonly stale?: true;
}

export const defineList: Define = (parent, run) => {
  parent
    .command('list')
    .description('list sessions by id')
    .addOption(
      new Option('--status <status>', `only these: ${SESSION_STATUS_NAMES.join(', ')} (repeatable)`).argParser(collect),
    )
    .option('--held-by <agent>', 'only sessions that this agent holds')
    .option('--stale', 'only sessions with a silent holder, which `recover` can end')
    .option('--limit <n>', 'maximum number (default: 50)', parseCount)
    .option('--after <cursor>', 'the page after this one')
    .action(
      run<ListOptions>(async (call) => {
        const { status, heldBy, stale, limit, after } = call.options;
        await using orchestrator = await call.open('read-only');
        const asOf = await orchestrator.asOf();
        const now = await orchestrator.now();
        const filter = {
          ...(status !== undefined && { status }),
          ...(heldBy !== undefined && { agent: heldBy }),
        };
        const { items, next } = stale
          ? await listStale(orchestrator, filter, call.options, now)
          : await orchestrator.listSessions({
              ...filter,
              ...(limit !== undefined && { limit }),
              ...(after !== undefined && { after }),
            });
        return {
          kind: 'sessions',
          data: items,
          asOf,
          meta: { next },
          ids: items.map(({ id }) => id),
          text: (paint) => sessionTable(items, now, paint),
          chatter: pageRemark('session', items, next),
        };
      }),
    );
};

const DEFAULT_LIMIT = 50;

/** Stale is derived from the deadlines, so all held sessions are read. */
async function listStale(
  orchestrator: Orchestrator,
  filter: Parameters<Orchestrator['listSessions']>[0],
  { limit = DEFAULT_LIMIT, after }: PageOptions,
  now: number,
): Promise<Page<ListedSession>> {
  const items: ListedSession[] = [];
  const held = everyRow((page) => orchestrator.listSessions({ status: ['running'], ...filter, ...page }), after);
  for await (const session of held) {
    if (!isStale(session, now)) continue;
    if (items.length === limit) return { items, next: items.at(-1)?.id ?? null };
    items.push(session);
  }
  return { items, next: null };
}
