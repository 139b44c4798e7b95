import { shellArgument } from '@agent-orchestrator/runtime';
import { collect, parseCount } from '../../input/parse.ts';
import type { Define } from '../../command-module.ts';
import { questionLine } from '../../views/question.ts';

interface ListOptions {
  readonly to?: string;
  readonly toRole?: string[];
  readonly limit?: number;
  readonly after?: string;
}

export const defineList: Define = (parent, run) => {
  parent
    .command('list')
    .description('list the tasks that wait for answers, the oldest question first')
    .option('--to <agent>', 'only questions to this agent')
    .option('--to-role <role>', 'only questions to this role (repeatable)', collect)
    .option('--limit <n>', 'maximum number (default: 50)', parseCount)
    .option('--after <cursor>', 'the page after this one')
    .action(
      run<ListOptions>(async (call) => {
        const { to, toRole, limit, after } = call.options;
        await using orchestrator = await call.open('read-only');
        const asOf = await orchestrator.asOf();
        const { items, next } = await orchestrator.listQuestions({
          ...(to !== undefined && { agent: to }),
          ...(toRole !== undefined && { roles: toRole }),
          ...(limit !== undefined && { limit }),
          ...(after !== undefined && { after }),
        });
        const now = await orchestrator.now();
        return {
          kind: 'questions',
          data: items,
          asOf,
          meta: { next },
          ids: items.map(({ id }) => id),
          text: (paint) =>
            items.length === 0 ? ['no open questions'] : items.map((one) => questionLine(one, now, paint)),
          chatter:
            next === null
              ? []
              : [`${items.length} shown, there are more: --after ${shellArgument(next)}, or a larger --limit`],
        };
      }),
    );
};
