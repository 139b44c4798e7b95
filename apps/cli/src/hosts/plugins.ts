import { dirname, join } from 'node:path';
import { makePrivateFolder } from '@agent-orchestrator/runtime/private-files';
import { VERSION } from '../version.ts';
import type { HostName, Place } from './host.ts';

/** Where the plugins of all hosts are: the hosts' copies of them name files in it. */
export function pluginFolder({ state }: Place): string {
  return join(state, 'plugins');
}

export function pluginOf(host: HostName, place: Place): string {
  return join(pluginFolder(place), host);
}

/** Writes the plugins of all hosts; what was there before is replaced as a whole. */
export async function writePlugins(place: Place): Promise<void> {
  const plugins = await import('agent-orchestrator-plugins');
  const cli = dirname(dirname(place.program));
  makePrivateFolder(place.state);
  await plugins.writePlugins(pluginFolder(place), { node: process.execPath, cli, version: VERSION });
}
