import { readFileSync, realpathSync, rmSync } from 'node:fs';
import { join, normalize, sep } from 'node:path';
import { Failure } from '../failure.ts';
import { askHost, lastLine, lineOf } from './ask-host.ts';
import { valueIn } from './config-document.ts';
import type { AgentHost, Place } from './host.ts';
import { pluginFolder } from './plugins.ts';

export type PluginOwner = 'ours' | 'another' | 'none';

/** Why it is not known whose plugin a host has: what the host wrote instead. */
interface Untold {
  readonly untold: string;
}

/**
 * Whose plugin with our name a host has, as the host itself tells. Its name alone tells nothing: a person can have one
 * of another one. A host that does not tell may have either.
 */
export async function pluginOwner({ plugin }: AgentHost, program: string, place: Place): Promise<PluginOwner | Untold> {
  const answer = await askHost(program, plugin.source.words, place);
  const source = plugin.source.sourceIn(answer);
  if (source === 'none') return source;
  if (source === 'untold') return { untold: answer.timedOut ? 'it did not end in time' : lastLine(answer) };
  return source.from !== null && isIn(source.from, pluginFolder(place)) ? 'ours' : 'another';
}

/**
 * As `pluginOwner`, before anything is changed.
 *
 * @throws `HOST_FAILED` if the host does not tell
 */
export async function requireOwner(host: AgentHost, program: string, place: Place): Promise<PluginOwner> {
  const owner = await pluginOwner(host, program, place);
  if (typeof owner === 'string') return owner;
  const { untold: said } = owner;
  throw new Failure(
    'HOST_FAILED',
    `${host.title} does not tell from where its plugin with our name is (${said}). Nothing was changed.`,
    {
      hint:
        `Run \`${lineOf(host.executable, host.plugin.source.words)}\` to see all that it says. ` +
        'When it answers in JSON, try again.',
    },
  );
}

/**
 * Removes a copy of our plugin that the host does not know any more, because it is broken.
 *
 * @throws `HOST_FAILED` if the system does not let it
 */
export function removeBrokenCopy({ plugin, title }: AgentHost, place: Place): void {
  const copy = plugin.copy?.(place);
  if (copy === undefined) return;
  const from = valueIn(jsonOf(join(copy.folder, copy.origin)), copy.keys);
  if (typeof from !== 'string' || !isIn(from, pluginFolder(place))) return;
  try {
    rmSync(copy.folder, { recursive: true, force: true });
  } catch (error) {
    throw new Failure('HOST_FAILED', `The copy of our plugin for ${title} cannot be removed: ${copy.folder}.`, {
      hint: 'Remove that folder, then try again.',
      cause: error,
    });
  }
}

function jsonOf(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as unknown;
  } catch {
    // It is not there, or says nothing.
    return null;
  }
}

/** Hosts write down a path as it was given, or the real one. */
function isIn(written: string, folder: string): boolean {
  const path = normalize(written);
  return [folder, realPath(folder)].some((one) => path === one || path.startsWith(`${one}${sep}`));
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
