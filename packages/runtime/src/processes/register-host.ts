import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { makePrivateFolder } from '../system/private-files.ts';
import { agentHostNamed, isStarter } from './agent-hosts.ts';
import type { Ancestor } from './ancestors.ts';
import {
  ancestorsOrParent,
  FACTS_FILE,
  folderOfHost,
  here,
  hostsFolder,
  isHostAlive,
  knownIn,
  namesIn,
  readFacts,
  registeredHost,
  replacePrivateFile,
  type HostFacts,
  type HostProcess,
  type RegisteredHost,
} from './host-registry.ts';
import { hasKeeper } from './kept-host.ts';
import { ownProcess } from './own-process.ts';

export interface HostToRegister extends Partial<HostFacts> {
  /** The program that registers is part of the host, such as a native plugin. Default: the host is above it. */
  readonly isThisProcess?: boolean;
}

/**
 * Registers the process of the host that this program serves, or adds to what is known of it. Cheap: without news
 * nothing is written.
 *
 * The host is the nearest process above this one that does more than start commands: a host inside of another host, in
 * its shell, is a host of its own.
 *
 * @throws the system's error if the private files cannot be written; `CONFIG_INVALID` if there is no home folder
 */
export function registerHost({ isThisProcess = false, ...told }: HostToRegister = {}): RegisteredHost {
  const { process, program } = isThisProcess ? { process: thisProcess(), program: null } : hostAbove();
  const folder = folderOfHost(process);
  const before = readFacts(folder);
  const named = program ?? { pid: process.pid, program: '' };
  const facts: HostFacts = {
    name: told.name ?? before?.name ?? agentHostNamed(named) ?? (named.program || 'unknown'),
    agent: told.agent ?? before?.agent ?? null,
    conversation: told.conversation ?? before?.conversation ?? null,
    transcript: told.transcript ?? before?.transcript ?? null,
  };
  if (before === null) {
    removeDeadHosts();
    makePrivateFolder(folder);
  }
  const isNews =
    before === null || Object.entries(facts).some(([key, value]) => before[key as keyof HostFacts] !== value);
  if (isNews) replacePrivateFile(join(folder, FACTS_FILE), { process, ...facts });
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

/** Removes what is known of hosts whose processes and keepers have ended. */
function removeDeadHosts(): void {
  const root = hostsFolder();
  const { host, boot } = here();
  for (const name of namesIn(root)) {
    const folder = join(root, name);
    const known = knownIn(folder)?.process;
    if (known === undefined || known.host !== host) continue;
    // A keeper of a host that has ended just now still needs the files, and ends within a second.
    const isOver = known.boot !== boot || (!isHostAlive(known) && !hasKeeper(known));
    if (isOver) rmSync(folder, { recursive: true, force: true });
  }
}
