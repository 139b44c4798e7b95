import type { Define } from '../command-module.ts';
import { verificationLines } from '../views/verification.ts';

const define: Define = (program, run) => {
  program
    .command('verify')
    .description('replay the log and compare it with the state; exit 1 if they differ')
    .action(
      run(async (call) => {
        const { namespace } = call.options;
        await using orchestrator = await call.open('read-only');
        const asOf = await orchestrator.asOf();
        const verification = await orchestrator.verify(namespace === undefined ? {} : { namespace });
        return {
          kind: 'verification',
          data: verification,
          asOf,
          ids: verification.findings.map(({ sessionId }) => sessionId),
          text: (paint) => verificationLines(verification, paint),
          exit: verification.ok ? 0 : 1,
        };
      }),
    );
};

export default define;
