import { basename, sep } from 'node:path';
import { resolveSettings, storeForOthers, type Settings } from '@agent-orchestrator/runtime';
import { usage } from '../failure.ts';
import type { HostName, Place, Scope, ServerCommand } from './host.ts';

export interface ServerRequest {
  readonly host: HostName;
  readonly scope: Scope;
  /** null: the server makes one of the host, the machine and the worktree. */
  readonly agent: string | null;
  readonly settings: Pick<Settings, 'store' | 'namespace'>;
}

/**
 * How a host starts the server. Node and the program are named in full, because a host often has another PATH; in a
 * project's file, which others use too, the name must do. What the server would find by itself is left out.
 *
 * @throws `USAGE` if the store has a password, or if the program may disappear
 */
export async function serverCommand(request: ServerRequest, place: Place): Promise<ServerCommand> {
  const { agent } = request;
  const args = [
    'mcp',
    'serve',
    ...(agent === null ? [] : ['--agent', agent]),
    ...(request.scope === 'project' ? [] : await ownSettings(request.settings, place)),
  ];
  if (request.scope === 'project') return { command: 'orchestrator', args };
  requireInstalled(place.program);
  return { command: process.execPath, args: [place.program, ...args] };
}

/** The flags for what a host, whose environment lacks our variables, would find otherwise. */
async function ownSettings({ store, namespace }: ServerRequest['settings'], { env }: Place): Promise<string[]> {
  const { HOME, USERPROFILE } = env;
  const there = await resolveSettings({}, { HOME, USERPROFILE });
  const [ours, theirs] = await Promise.all([storeForOthers(store.value, env), storeForOthers(there.store.value, env)]);
  const isSame = ours.address === theirs.address && (ours.secret === null || ours.secret.text === theirs.secret?.text);
  if (!isSame && (ours.secret !== null || !ours.isPublic))
    throw usage(
      'The store has a password, which does not belong into the configuration of a host.',
      'Write the store into the configuration file (`orchestrator config list` names it); then try again.',
      'store',
    );
  return [
    ...(isSame ? [] : ['--store', ours.address]),
    ...(namespace.value === there.namespace.value ? [] : ['--namespace', namespace.value]),
  ];
}

/** @throws `USAGE` if npx has the program in its cache, from which it may vanish */
function requireInstalled(program: string): void {
  if (!program.includes(`${sep}_npx${sep}`)) return;
  throw usage(
    'npx keeps this program in a cache, and deletes it from there some day.',
    'Install it first: npm install --global @agent-orchestrator/cli',
  );
}

/**
 * The plugin finds its settings in the configuration file alone.
 *
 * @throws `USAGE` if it would find others
 */
export async function requireDefaults({ agent, settings }: ServerRequest, place: Place): Promise<void> {
  if (agent !== null)
    throw usage(
      'The plugin names its agent itself.',
      'Omit --agent, or write it into the configuration file.',
      'agent',
    );
  const flags = await ownSettings(settings, place);
  if (flags.length === 0) return;
  throw usage(
    `The plugin takes its settings from the configuration file, and would not find ${flags.join(' ')}.`,
    'Write them into the configuration file (`orchestrator config list` names it); then try again.',
    flags[0]?.slice(2),
  );
}

/** Whether an entry of a host's configuration starts a server of ours, whichever agent and store it names. */
export function startsOurServer(entry: ServerCommand | null | undefined): entry is ServerCommand {
  if (entry === null || entry === undefined) return false;
  const { command, args } = entry;
  const at = args.indexOf('mcp');
  if (at === -1 || args[at + 1] !== 'serve') return false;
  return /^orchestrator(?:\.js|\.cmd)?$/u.test(basename(at === 0 ? command : (args[at - 1] ?? '')));
}
