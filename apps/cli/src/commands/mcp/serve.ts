import { Option } from 'commander';
import { usage } from '../../failure.ts';
import { collect } from '../../input/parse.ts';
import { interruption } from '../../interruption.ts';
import type { Define } from '../../command-module.ts';
import { VERSION } from '../../version.ts';

interface ServeOptions {
  readonly profile: 'agent' | 'operator';
  readonly role?: string[];
}

export const defineServe: Define = (parent, run) => {
  parent
    .command('serve')
    .description(
      'serve the tools over standard input and output (Model Context Protocol); an agent host starts it\n\n' +
        'It renews the leases that it claims, and gives the tasks back when the host ends.',
    )
    .addOption(
      new Option('--profile <name>', 'agent: claim and do tasks; operator: also recover, cancel, retry, close')
        .choices(['agent', 'operator'])
        .default('agent', 'agent'),
    )
    .option('--role <name>', 'a role of the agent (repeatable)', collect)
    .action(
      run<ServeOptions>(async (call) => {
        if (call.output.format !== 'text')
          throw usage('The protocol decides what this command writes.', 'Omit --json and --quiet.', 'json');
        const { agent } = await call.requireAgent();
        const { profile, role: roles = [] } = call.options;
        const { store, namespace, ttlMs, staleAfterMs } = call.settings;
        const { serveMcp } = await import('agent-orchestrator-mcp-server');
        if (process.stdin.isTTY) call.output.chatter('waiting for messages of the protocol: an agent host sends them');
        await serveMcp({
          store: store.value,
          namespace: namespace.value,
          agent,
          roles,
          ttlMs: ttlMs.value,
          staleAfterMs: staleAfterMs.value,
          profile,
          version: VERSION,
          ended: interruption(),
          log: (line) => call.output.chatter(line),
        });
        return 0;
      }),
    );
};
