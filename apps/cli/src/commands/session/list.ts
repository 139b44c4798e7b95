import type { SessionStatus } from '@agent-orchestrator/core';
import { Option } from 'commander';
import { collect, parseCount } from '../../input/parse.ts';
import type { Define } from '../../program.ts';
import { pageRemark, type PageOptions } from '../../views/page.ts';
import { sessionTable } from '../../views/session.ts';

interface ListOptions extends PageOptions {
  readonly status?: SessionStatus[];
  readonly heldBy?: string;
}

export const defineList: Define = (parent, run) => {
  parent
    .command('list')
    .description('list sessions by id')
    .addOption(
      new Option('--status <status>', 'only these: idle, running, closed (may be repeated)').argParser(collect),
    )
    .option('--held-by <agent>', 'only those that this agent holds')
    .option('--limit <n>', 'how many at most (default: 50)', parseCount)
    .option('--after <cursor>', 'the page after this one')
    .action(
      run<ListOptions>(async (call) => {
        const { status, heldBy, limit, after } = call.options;
        await using orchestrator = await call.open('read-only');
        const asOf = await orchestrator.asOf();
        const { items, next } = await orchestrator.listSessions({
          ...(status !== undefined && { status }),
          ...(heldBy !== undefined && { agent: heldBy }),
          ...(limit !== undefined && { limit }),
          ...(after !== undefined && { after }),
        });
        const now = await orchestrator.now();
        return {
          kind: 'sessions',
          data: items,
          asOf,
          meta: { next },
          ids: items.map(({ id }) => id),
          text: (paint) => sessionTable(items, now, paint),
          chatter: pageRemark(items.length, next),
        };
      }),
    );
};
