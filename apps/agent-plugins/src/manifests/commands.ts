import { join } from 'node:path';
import { shellWord } from '@agent-orchestrator/runtime';
import { jsonFile, type PluginFiles, type Program } from './files.ts';

/** A program and its words, for hosts that start it without a shell. */
export interface StartedCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** The server of the tools. */
export function serverCommand({ node, cli }: Program): StartedCommand {
  return { command: node, args: [join(cli, 'bin', 'orchestrator.js'), 'mcp', 'serve'] };
}

/** What a host calls when something happens in it. */
export function hookCommand({ node, cli }: Program, host: string, event: string): StartedCommand {
  return { command: node, args: [join(cli, 'bin', 'hook.js'), host, event] };
}

/** The same as one line, for hosts that give it to a shell. */
export function hookLine(program: Program, host: string, event: string): string {
  const { command, args } = hookCommand(program, host, event);
  return [command, ...args].map(shellWord).join(' ');
}

/** The hooks of a plugin: what each event starts, and how long that may take in the unit of the host. */
export function hooksFile(events: Readonly<Record<string, number>>, start: (event: string) => object): PluginFiles {
  const hooks = Object.entries(events).map(([event, timeout]) => {
    const command = { type: 'command', ...start(event), timeout };
    return [event, [{ hooks: [command] }]];
  });
  return { 'hooks/hooks.json': jsonFile({ hooks: Object.fromEntries(hooks) }) };
}
