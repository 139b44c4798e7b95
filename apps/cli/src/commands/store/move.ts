import { shellWord, type AbandonReport, type MoveReport } from '@agent-orchestrator/runtime';
import type { Answer } from '../../output/output.ts';
import type { Define } from '../../command-module.ts';
import { usage } from '../../failure.ts';
import { copiedLines, progressLines } from '../../views/copy.ts';

interface MoveOptions {
  readonly from?: string;
  readonly to?: string;
  readonly abandon?: boolean;
}

export const defineMove: Define = (parent, run) => {
  parent
    .command('move')
    .description('move the store to a new file or an empty database; run it again after a crash')
    .option('--from <url>', 'the store that moves (default: the one of --store)')
    .option('--to <url>', 'destination: sqlite:/path/to/new.db or postgres://owner@host/database')
    .option('--abandon', 'cancel an unfinished move and open the old store again')
    .action(
      run<MoveOptions>(async (call) => {
        const { abandonMove, moveStore } = await import('@agent-orchestrator/runtime');
        const { to, abandon = false } = call.options;
        const from = call.options.from ?? call.settings.store.value;
        if (abandon) return abandoned(await abandonMove({ from, ...(to !== undefined && { to }) }));
        if (to === undefined)
          throw usage('The destination is missing.', 'Give --to sqlite:/path/to/new.db, or a server.', 'to');
        const report = await moveStore({ from, to, onProgress: progressLines(call.output) });
        return moved(report);
      }),
    );
};

function moved(report: MoveReport): Answer {
  const { from, to, outcome, compared } = report;
  return {
    kind: 'store_move',
    data: report,
    ids: [to],
    idsArePlaces: true,
    text: () => [
      outcome === 'moved' ? `moved: ${from} → ${to}` : `was moved before: ${from} → ${to}`,
      ...(compared === null ? [] : copiedLines(compared)),
    ],
    chatter: [
      ...heldRemark(compared?.held ?? 0),
      `next: ORCHESTRATOR_STORE=${shellWord(to)} for every agent, each with its own login`,
      'the old store can still be read; writes to it are refused with the new address',
    ],
  };
}

function heldRemark(held: number): string[] {
  if (held === 0) return [];
  return [
    `held sessions: ${held}; current holders keep their tokens at the new address, and get a new TTL there`,
    'commands of `orchestrator run` and workers at the old address end at their next renewal',
    'start them again with the new address and --resume: they take their sessions back',
  ];
}

function abandoned({ from, to }: AbandonReport): Answer {
  return {
    kind: 'store_move_abandoned',
    data: { from, to },
    ids: [from],
    idsArePlaces: true,
    text: () => [to === null ? `was not being moved: ${from}` : `abandoned: ${from} is open for work again`],
    chatter: to === null ? [] : [`the copy at ${to} stays closed; name another place for the next move`],
  };
}
