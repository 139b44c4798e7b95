import { Option } from 'commander';
import { collect } from '../../input/parse.ts';
import type { Define } from '../../command-module.ts';
import { agentLine } from '../../views/agent.ts';

interface RegisterOptions {
  readonly role?: string[];
  readonly roles?: false;
  readonly machine?: string | false;
  readonly human?: boolean;
}

export const defineRegister: Define = (parent, run) => {
  parent
    .command('register')
    .description('add an agent, change it, or let it claim again; what is left out stays as it was')
    .argument('<name>', 'the name of the agent')
    .option('--role <name>', 'a role that it has; give all of them (repeatable)', collect)
    .option('--no-roles', 'it has no role')
    .option('--machine <name>', 'the machine that it runs on')
    .option('--no-machine', 'it runs on no particular machine')
    .addOption(new Option('--human', 'it is a person'))
    .addOption(new Option('--no-human', 'it is a program'))
    .action(
      run<RegisterOptions, [string]>(async (call, name) => {
        const request = { agent: name, ...entryOf(call.options), ...call.command };
        await call.check('registerAgent', request);
        await using orchestrator = await call.openForAsOf('create');
        const asOf = await orchestrator.asOf();
        const { agent } = await orchestrator.registerAgent(request);
        return {
          kind: 'agent',
          data: agent,
          asOf,
          ids: [agent.name],
          text: (paint) => [agentLine(agent, paint)],
          chatter: ['`orchestrator agent list` shows all; `orchestrator agent policy` says who else may claim'],
        };
      }),
    );
};

function entryOf({ role, roles, machine, human }: RegisterOptions) {
  return {
    ...(role !== undefined && { roles: role }),
    ...(roles === false && { roles: [] }),
    ...(machine !== undefined && { machine: machine === false ? null : machine }),
    ...(human !== undefined && { human }),
  };
}
