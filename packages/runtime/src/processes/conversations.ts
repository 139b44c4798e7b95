import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { makePrivateFolder } from '../system/private-files.ts';
import { readPrivateFile, replacePrivateFile } from '../system/private-json.ts';
import type { Environment } from '../system/environment.ts';
import { conversationOfCommand } from './agent-hosts.ts';
import { readFacts } from './host-facts.ts';
import { hostsFolder, namesIn } from './host-registry.ts';

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
 * The agent of the host that a variable names: a command in a sandbox with a view of the processes of its own does not
 * see its host above it. Never throws.
 */
export function agentOfConversation(env: Environment): string | null {
  const called = conversationOfCommand(env);
  if (called === null) return null;
  try {
    const root = hostsFolder();
    for (const folder of namesIn(root).map((name) => join(root, name))) {
      const facts = readFacts(folder);
      if (facts?.name !== called.host) continue;
      const ids = [facts.conversation, ...conversationsIn({ folder }).map(({ id }) => id)];
      if (facts.agent !== null && ids.includes(called.id)) return facts.agent;
    }
  } catch {
    // Without a home folder there are no registrations.
  }
  return null;
}

const FOLDER = 'conversations';

/** Ids are texts of the host. */
function fileOf(folder: string, id: string): string {
  return join(folder, FOLDER, `${createHash('sha256').update(id).digest('hex').slice(0, 16)}.json`);
}
