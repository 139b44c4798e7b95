import { Failure } from '../failure.ts';
import { readJson } from '../input/content.ts';
import { addHolderOptions, asRenewal, holderOf, type HolderOptions } from '../input/holder.ts';
import { parseInteger } from '../input/parse.ts';
import type { Define } from '../command-module.ts';
import { leaseRefused } from '../refusals.ts';
import { renewalRemarks, renewalLine } from '../views/renewal.ts';

interface CheckpointOptions extends HolderOptions {
  readonly turn?: number;
  readonly lastAction?: string;
  readonly nextAction?: string;
  readonly memoryRef?: string;
  readonly hash?: string;
  readonly data?: string;
}

const define: Define = (program, run) => {
  addHolderOptions(program.command('checkpoint'))
    .description('save the context for the next holder, and extend the lease; the context before is replaced')
    .option('--turn <n>', 'number of this turn, never decreasing (default: last + 1)', parseInteger)
    .option('--last-action <text>', 'what was done')
    .option('--next-action <text>', 'what to do next')
    .option('--memory-ref <text>', 'where further memory is: a file, a commit, a URL')
    .option('--hash <text>', 'digest of that memory (default: of the other fields)')
    .option('--data <json>', 'any other data: JSON, @FILE or -')
    .action(
      run<CheckpointOptions>(async (call) => {
        const { turn, lastAction, nextAction, memoryRef, hash } = call.options;
        const data = await readJson('--data', call.options.data);
        const request = {
          ...(await holderOf(call)),
          ...call.command,
          turn,
          lastAction,
          nextAction,
          memoryRef,
          hash,
          data,
        };
        await call.check('checkpoint', request);
        await using orchestrator = await call.openForAsOf('existing');
        const asOf = await orchestrator.asOf();
        const reply = await orchestrator.checkpoint(await asRenewal(request));
        if (!reply.ok) {
          if (reply.reason === 'lease_lost') throw leaseRefused(reply, request);
          throw new Failure('TURN_BEHIND', `Turn ${turn ?? ''} is too small: turn ${reply.turn} was saved already.`, {
            hint: 'Omit --turn to save the next one.',
            field: 'turn',
            details: { turn: reply.turn },
          });
        }
        const { ok: _, ...saved } = reply;
        const names = await call.names(orchestrator, { tasks: [saved.taskId] });
        const now = await orchestrator.now();
        return {
          kind: 'checkpoint',
          data: saved,
          asOf,
          ids: [saved.sessionId],
          text: () => [`saved: turn ${saved.turn}; ${renewalLine(saved, names, now)}`],
          ...renewalRemarks(saved),
        };
      }),
    );
};

export default define;
