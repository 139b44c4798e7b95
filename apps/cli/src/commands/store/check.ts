import type { Define } from '../../command-module.ts';
import { printable } from '../../output/printable.ts';
import { verificationLines } from '../../views/verification.ts';

export const defineCheck: Define = (parent, run) => {
  parent
    .command('check')
    .description('check the database file, then the log against the state; exit 1 if it finds anything')
    .action(
      run(async (call) => {
        const { checkStore } = await import('@agent-orchestrator/runtime');
        const { url, ok, damage, verification, asOf } = await checkStore(call.settings.store.value);
        return {
          kind: 'store_check',
          data: { url, ok, damage, verification },
          asOf,
          ids: [],
          text: (paint) => [
            `store: ${printable(url)}`,
            ...(damage.length === 0
              ? ['file: whole']
              : damage.map((problem) => `file: ${paint('red', '✗')} ${printable(problem)}`)),
            ...(verification === null ? [] : verificationLines(verification, paint)),
          ],
          exit: ok ? 0 : 1,
        };
      }),
    );
};
