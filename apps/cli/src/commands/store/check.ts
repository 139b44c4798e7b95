import type { Define } from '../../command-module.ts';
import type { Paint } from '../../output/style.ts';
import { verificationLines } from '../../views/verification.ts';

export const defineCheck: Define = (parent, run) => {
  parent
    .command('check')
    .description('check the database, and compare the log with the state; exit 1 if it finds anything')
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
            `store: ${url}`,
            ...damageLines(damage, paint),
            ...(verification === null ? [] : verificationLines(verification, paint)),
          ],
          exit: ok ? 0 : 1,
        };
      }),
    );
};

/** @param damage null: the engine has no check of its own */
function damageLines(damage: readonly string[] | null, paint: Paint): string[] {
  if (damage === null) return ['database: not checked: there is no check for this kind of store'];
  if (damage.length === 0) return ['database: no damage'];
  return damage.map((problem) => `database: ${paint('red', '✗')} ${problem}`);
}
