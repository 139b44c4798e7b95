import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { makePrivateFolder } from '../system/private-files.ts';
import { readPrivateFile, replacePrivateFile } from '../system/private-json.ts';
import { agentOfHost } from '../system/default-agent.ts';
import type { Environment } from '../system/environment.ts';
import { hostsThatMarked, type MarkedBy } from './agent-hosts.ts';
import { processIn, readFacts } from './host-facts.ts';
import { here, hostsFolder, namesIn } from './host-registry.ts';

/*
 * The conversations of a host that has several at once in one process, each with the file in which the host writes it
 * down. What a host tells last says nothing about the others.
 */
export interface HostConversation {
  readonly id: string;
  readonly transcript: string | null;
}

/** A conversation begins, or continues. Without news nothing is written. */
export function noteConversation(folder: string, { id, transcript }: HostConversation): void {
  const path = fileOf(folder, id);
  if ((readPrivateFile(path) as HostConversation | null)?.transcript === transcript) return;
  makePrivateFolder(join(folder, FOLDER));
  replacePrivateFile(path, { id, transcript } satisfies HostConversation);
}

export function endConversation({ folder }: { readonly folder: string }, id: string): void {
  rmSync(fileOf(folder, id), { force: true });
}

/** Those that have not ended, as far as the host told. Empty for a host that has one at a time. */
export function conversationsIn({ folder }: { readonly folder: string }): HostConversation[] {
  return namesIn(join(folder, FOLDER)).flatMap(
    (name) => (readPrivateFile(join(folder, FOLDER, name)) as HostConversation | null) ?? [],
  );
}

/**
 * The agent of the host whose variables a command has: in a sandbox with a view of the processes of its own, a command
 * does not see its host above it. A host of this very view would have been found there: then the variables are
 * inherited, as by the terminal of a person that an agent once started. It is the agent of the conversation that the
 * host names, else the one of this worktree. Never throws.
 *
 * @returns null: none, or several, of which each could be meant
 */
export function agentOfMarks(env: Environment): string | null {
  try {
    const root = hostsFolder();
    const folders = namesIn(root).map((name) => join(root, name));
    const agents = new Set(hostsThatMarked(env).flatMap((marked) => agentMarkedBy(marked, folders) ?? []));
    return agents.size === 1 ? ([...agents][0] ?? null) : null;
  } catch {
    // Without a home folder there are no registrations.
    return null;
  }
}

function agentMarkedBy({ host, conversation }: MarkedBy, folders: readonly string[]): string | null {
  const inWorktree = agentOfHost(host);
  let found: string | null = null;
  for (const folder of folders) {
    const facts = readFacts(folder);
    if (facts?.name !== host || facts.agent === null || isOfThisView(folder)) continue;
    const ids = [facts.conversation, ...conversationsIn({ folder }).map(({ id }) => id)];
    if (conversation !== null && ids.includes(conversation)) return facts.agent;
    if (facts.agent === inWorktree) found = inWorktree;
  }
  return found;
}

function isOfThisView(folder: string): boolean {
  const [own, registered] = [here(), processIn(folder)];
  return registered?.host === own.host && registered.boot === own.boot;
}

const FOLDER = 'conversations';

/** Ids are texts of the host. */
function fileOf(folder: string, id: string): string {
  return join(folder, FOLDER, `${createHash('sha256').update(id).digest('hex').slice(0, 16)}.json`);
}
