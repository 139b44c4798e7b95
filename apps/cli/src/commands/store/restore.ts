import { shellWord } from '@agent-orchestrator/runtime';
import type { Define } from '../../command-module.ts';
import { progressLines } from '../../views/copy.ts';
import { verificationLines } from '../../views/verification.ts';

interface RestoreOptions {
  readonly to?: string;
}

export const defineRestore: Define = (parent, run) => {
  parent
    .command('restore')
    .description('restore a backup into a new store, and end its leases; run it again after a crash')
    .argument('<file>', 'the backup file')
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
          idsArePlaces: true,
          text: (paint) => [
            `restored: ${report.file} → ${report.store}`,
            ...verificationLines(report.verification, paint),
          ],
          chatter: [
            `leases closed: ${report.leasesClosed}; all earlier tokens are refused`,
            `new events get numbers after #${report.lastEventId}, above all earlier ones`,
            call.options.to === undefined
              ? 'next: orchestrator status'
              : `next: orchestrator status --store ${shellWord(report.store)}`,
          ],
          exit: report.verification.ok ? 0 : 1,
        };
      }),
    );
};
