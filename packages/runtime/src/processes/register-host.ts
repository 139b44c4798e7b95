import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { makePrivateFolder } from '../system/private-files.ts';
import { agentHostNamed, hasSeveralConversations } from './agent-hosts.ts';
import type { Ancestor } from './ancestors.ts';
import { noteConversation } from './conversations.ts';
import { processIn, writeFacts, type HostFacts, type HostProcess } from './host-facts.ts';
import {
  ancestorsOrParent,
  folderOfHost,
  here,
  hostsFolder,
  isHostAlive,
  namesIn,
  registeredHost,
  type RegisteredHost,
} from './host-registry.ts';
import { hasKeeper, hasLeftWork } from './kept-host.ts';
import { ownProcess } from './own-process.ts';
import { isStarter } from './starters.ts';

export interface HostToRegister extends Partial<HostFacts> {
  /** Who lives in it unless another program has said so: of two that say it at the same moment, one decides. */
  readonly agentIfNone?: string;
  /** The program that registers is part of the host, such as a native plugin. Default: the host is above it. */
  readonly isThisProcess?: boolean;
}

/**
 * Registers the process of the host that this program serves, or adds to what is known of it. Cheap: without news
 * nothing is written.
 *
 * The host is the nearest process above this one that does more than start programs: a host inside of another host, in
 * its shell, is a host of its own.
 *
 * @throws the system's error if the private files cannot be written; `CONFIG_INVALID` if there is no home folder
 */
export function registerHost({ isThisProcess = false, agentIfNone, ...told }: HostToRegister = {}): RegisteredHost {
  const { process, program } = isThisProcess ? { process: thisProcess(), program: null } : hostAbove();
  const folder = folderOfHost(process);
  if (processIn(folder) === null) {
    removeDeadHosts();
    makePrivateFolder(folder);
  }
  const named = program ?? { pid: process.pid, program: '' };
  const name = agentHostNamed(named) ?? (named.program || 'unknown');
  const settled = { name, ...(agentIfNone !== undefined && { agent: agentIfNone }) };
  const facts = writeFacts(folder, process, { settled, told });
  // A server tells none: a subagent calls with an id of its own, of which no hook tells the end.
  const { conversation: id, transcript } = told;
  if (typeof id === 'string' && transcript !== undefined && hasSeveralConversations(facts.name))
    noteConversation(folder, { id, transcript });
  return { ...facts, process, folder };
}

function hostAbove(): { readonly process: HostProcess; readonly program: Ancestor } {
  const above = ancestorsOrParent();
  const found = above.find((ancestor) => !isStarter(ancestor) || registeredHost(ancestor) !== null) ?? above[0]!;
  return { process: { ...here(), pid: found.pid, start: found.start }, program: found };
}

function thisProcess(): HostProcess {
  return ownProcess() ?? { ...here(), pid: process.pid, start: '' };
}

/** What no process can judge any more is kept for so long after its last change: longer than any lease. */
const KEPT_MS = 7 * 86_400_000;

/** Removes what is known of hosts whose processes and keepers have ended. */
function removeDeadHosts(): void {
  const root = hostsFolder();
  for (const name of namesIn(root)) {
    const folder = join(root, name);
    const fate = fateOf(folder);
    if (fate === 'ended' || (fate === 'unknown' && lastChangeIn(folder) < Date.now() - KEPT_MS)) remove(folder);
  }
}

function fateOf(folder: string): 'alive' | 'ended' | 'unknown' {
  const { host, boot } = here();
  const known = processIn(folder);
  // Of another view of the processes, such as a container with the same home; or it is being registered.
  if (known === null || known.host !== host) return 'unknown';
  if (known.boot !== boot) return 'ended';
  // A keeper of a host that has ended just now still needs the files, and ends within a second.
  if (isHostAlive(known) || hasKeeper(known)) return 'alive';
  return hasLeftWork(folder) ? 'unknown' : 'ended';
}

function lastChangeIn(folder: string): number {
  try {
    const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return Math.max(...['.', ...paths].map((path) => statSync(join(folder, path)).mtimeMs));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // It belongs to another user, or the disk is read-only there. A host that starts must not fail by it.
  }
}
