import { fileURLToPath } from 'node:url';
import { Option } from 'commander';
import { KEEPER_BOUNDS } from '@agent-orchestrator/runtime';
import { durationText } from '@agent-orchestrator/runtime/duration';
import { usage } from '../../failure.ts';
import { collect, parseDuration } from '../../input/parse.ts';
import { interruption } from '../../interruption.ts';
import type { Define } from '../../command-module.ts';
import { VERSION } from '../../version.ts';

interface ServeOptions {
  readonly profile: 'agent' | 'operator';
  readonly role?: string[];
  readonly parkAfter?: number;
}

/** Beside this file in the bundle. */
const KEEPER = new URL('./host-keeper.js', import.meta.url);

export const defineServe: Define = (parent, run) => {
  parent
    .command('serve')
    .description(
      'serve the tools over standard input and output (Model Context Protocol); an agent host starts it\n\n' +
        'A keeper beside it renews the leases while the host works, and gives the tasks back when the host ends.',
    )
    .addOption(
      new Option('--profile <name>', 'agent: claim and do tasks; operator: also recover, cancel, retry, close')
        .choices(['agent', 'operator'])
        .default('agent', 'agent'),
    )
    .option('--role <name>', 'a role of the agent (repeatable)', collect)
    .addOption(
      new Option(
        '--park-after <duration>',
        `give tasks back after so long without progress (default: the setting park_after); ` +
          `without the plugin, at least ${durationText(KEEPER_BOUNDS.toolMaxMs)}`,
      ).argParser(parseDuration),
    )
    .action(
      run<ServeOptions>(async (call) => {
        if (call.output.format !== 'text')
          throw usage('The protocol decides what this command writes.', 'Omit --json and --quiet.', 'json');
        const { profile, role: roles = [], parkAfter, agent: named } = call.options;
        const { store, namespace, agent, ttlMs, staleAfterMs, parkAfterMs } = call.settings;
        const { serveMcp } = await import('agent-orchestrator-mcp-server');
        if (process.stdin.isTTY) call.output.chatter('waiting for messages of the protocol: an agent host sends them');
        await serveMcp({
          store: store.value,
          namespace: namespace.value,
          // The user at this machine is a person: an agent in a host has a name by host, machine and folder.
          agent: named ?? (agent.from === 'default' ? null : agent.value),
          roles,
          ttlMs: ttlMs.value,
          staleAfterMs: staleAfterMs.value,
          parkAfterMs: parkAfter ?? parkAfterMs.value,
          keeperProgram: fileURLToPath(KEEPER),
          profile,
          version: VERSION,
          ended: interruption(),
          log: (line) => call.output.chatter(line),
        });
        return 0;
      }),
    );
};
