import type { Call } from '../call.ts';
import type { Define } from '../command-module.ts';
import { DRY_RUN, YES } from '../input/host-words.ts';
import type { Answer } from '../output/output.ts';
import type { SetupOptions } from '../setup.ts';

const define: Define = (program, run) => {
  program
    .command('setup')
    .description(
      'find the agent hosts of this machine, create the store, set up each host that you agree to, and examine the ' +
        'result\n\n--agent names the agent of all hosts; by default each has a name of its own.',
    )
    .option('--plugin', 'install the plugins: the tools, hooks and a skill')
    .option('--undo', 'take back what was set up in the hosts; the store stays')
    .option(...DRY_RUN)
    .option(...YES)
    .action(run<SetupOptions>(setup));
};

export default define;

async function setup(call: Call<SetupOptions>): Promise<Answer> {
  const { setUp, undoSetup } = await import('../setup.ts');
  return call.options.undo ? undoSetup(call) : setUp(call);
}
