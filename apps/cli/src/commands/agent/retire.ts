import type { Define } from '../../command-module.ts';
import { endAgent } from './drain.ts';

export const defineRetire: Define = (parent, run) => {
  parent
    .command('retire')
    .description('refuse every claim under this name, until it is registered again')
    .argument('<name>', 'the name of the agent')
    .action(run<object, [string]>((call, name) => endAgent(call, name, 'retireAgent')));
};
