import { realpathSync } from 'node:fs';
import { sep } from 'node:path';
import { askHost } from './ask-host.ts';
import type { AgentHost, Place } from './host.ts';
import { pluginFolder } from './plugins.ts';

/**
 * Whose plugin with our name a host has, as the host itself tells. Its name alone tells nothing: a person can have one
 * of another one. `none`: also if the host does not tell.
 */
export async function pluginOwner(
  { plugin }: AgentHost,
  program: string,
  place: Place,
): Promise<'ours' | 'another' | 'none'> {
  const source = plugin.source.sourceIn(await askHost(program, plugin.source.words, place));
  if (source === null) return 'none';
  return isIn(source, pluginFolder(place)) ? 'ours' : 'another';
}

/** Hosts write down a path as it was given, or the real one. */
function isIn(path: string, folder: string): boolean {
  return [folder, realPath(folder)].some((one) => path === one || path.startsWith(`${one}${sep}`));
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
