import { parseInteger } from '../input/parse.ts';
import type { Define } from '../command-module.ts';

interface DemoAgentOptions {
  readonly leases: number[];
  readonly journal: string;
  readonly restarted?: true;
  readonly startOver?: true;
}

const define: Define = (program, run) => {
  program
    .command('demo-agent', { hidden: true })
    .description('one agent of the demo; started by it')
    .requiredOption('--leases <ms,ms>', 'length of each lease held at a time', (value) =>
      value.split(',').map(parseInteger),
    )
    .requiredOption('--journal <file>', "the agent's own notes")
    .option('--restarted', 'resume what the earlier run held')
    .option('--start-over', 'a planted fault: do not go on from the checkpoint')
    .action(
      run<DemoAgentOptions>(async (call) => {
        const { leases, journal, restarted = false, startOver = false } = call.options;
        const { agent, instance = agent } = await call.requireAgent();
        endWithParent();
        const { runAgent } = await import('../demo/agent.ts');
        await using orchestrator = await call.open('existing');
        await runAgent(orchestrator, { agent, instance, ttlsMs: leases, journal, restarted, startOver });
        return null;
      }),
    );
};

export default define;

/** Standard input ends when the demo does, even if the demo was killed; waiting for that keeps nobody alive. */
function endWithParent(): void {
  process.stdin.on('end', () => process.exit(1)).resume();
  process.stdin.unref();
}
