import type { Define } from '../../command-module.ts';
import { printable } from '../../output/printable.ts';
import { progressLines } from '../../views/copy.ts';
import { verificationLines } from '../../views/verification.ts';

interface RestoreOptions {
  readonly to?: string;
}

export const defineRestore: Define = (parent, run) => {
  parent
    .command('restore')
    .description('make a store of a backup; leases that were open then are closed; run again after a crash, it goes on')
    .argument('<file>', 'the backup')
    .option('--to <url>', 'a new file or an empty database (default: the store of --store)')
    .action(
      run<RestoreOptions, [string]>(async (call, file) => {
        const { restoreStore } = await import('@agent-orchestrator/runtime');
        const store = call.options.to ?? call.settings.store.value;
        const report = await restoreStore({ file, store, onProgress: progressLines(call.output) });
        return {
          kind: 'store_restore',
          data: report,
          ids: [report.store],
          text: (paint) => [
            `restored: ${printable(report.file)} → ${printable(report.store)}`,
            ...verificationLines(report.verification, paint),
          ],
          chatter: [
            `leases closed: ${report.leasesClosed}; every token that was granted before is refused`,
            `event numbers go on after #${report.lastEventId}, beyond any that were given since the backup`,
            call.options.to === undefined
              ? 'next: orchestrator status'
              : `next: orchestrator status --store ${report.store}`,
          ],
          exit: report.verification.ok ? 0 : 1,
        };
      }),
    );
};
