import { shellWord } from '@agent-orchestrator/runtime';
import type { Define } from '../../command-module.ts';
import { progressLines } from '../../views/copy.ts';
import { verificationLines } from '../../views/verification.ts';

export const defineBackup: Define = (parent, run) => {
  parent
    .command('backup')
    .description('copy the store into a new file, while agents work on it; exit 1 if verify finds anything')
    .argument('<file>', 'the new file; it must not exist yet')
    .action(
      run<object, [string]>(async (call, file) => {
        const { backupStore } = await import('@agent-orchestrator/runtime');
        const store = call.settings.store.value;
        const report = await backupStore({ store, file, onProgress: progressLines(call.output) });
        return {
          kind: 'store_backup',
          data: report,
          ids: [report.file],
          idsArePlaces: true,
          text: (paint) => [
            `backed up: ${report.store} → ${report.file}`,
            ...verificationLines(report.verification, paint),
          ],
          chatter: [`to use it: orchestrator store restore ${shellWord(report.file)} --to URL`],
          exit: report.verification.ok ? 0 : 1,
        };
      }),
    );
};
