import { join } from 'node:path';
import type { ProcessIdentity } from '@agent-orchestrator/core';
import { readPrivateFile, replacePrivateFile, settlePrivateFile } from '../system/private-json.ts';

/** The process of an agent host, on this machine. Where processes cannot be seen, `start` and `boot` are empty. */
export type HostProcess = ProcessIdentity;

/** What is known of a host; each part is null until a hook or a server tells it. */
export interface HostFacts {
  /** A name of `AGENT_HOSTS`, or that of its program. */
  readonly name: string;
  /** The agent that lives in it. */
  readonly agent: string | null;
  /** The id of its conversation, as the host calls it. It changes while the process lives. */
  readonly conversation: string | null;
  /** The file in which the host writes the conversation down. */
  readonly transcript: string | null;
}

/*
 * Each fact has a file of its own: the hooks and the server of a host tell theirs at the same moment, without a lock
 * that a dead process could leave behind, and none undoes what another one told.
 */
const PROCESS_FILE = 'process.json';
const FACTS: readonly (keyof HostFacts)[] = ['name', 'agent', 'conversation', 'transcript'];

/** The process that a folder is about; null: it is about none. */
export function processIn(folder: string): HostProcess | null {
  return readPrivateFile(join(folder, PROCESS_FILE)) as HostProcess | null;
}

/** What is known of a host; null: it is not registered. */
export function readFacts(folder: string): HostFacts | null {
  return processIn(folder) === null ? null : factsIn(folder);
}

/**
 * Writes what is new: what is told, and what is settled where nothing is known yet. The process comes last: with it,
 * the host is registered.
 *
 * @returns what is known now
 */
export function writeFacts(
  folder: string,
  process: HostProcess,
  { settled, told }: { readonly settled: Partial<HostFacts>; readonly told: Partial<HostFacts> },
): HostFacts {
  for (const fact of FACTS) {
    const [known, first, now] = [readFact(folder, fact), settled[fact] ?? null, told[fact] ?? null];
    if (now !== null && now !== known) replacePrivateFile(fileOf(folder, fact), now);
    if (now === null && first !== null && known === null) settlePrivateFile(fileOf(folder, fact), first);
  }
  if (processIn(folder) === null) replacePrivateFile(join(folder, PROCESS_FILE), process);
  return factsIn(folder);
}

function factsIn(folder: string): HostFacts {
  const [name = null, agent = null, conversation = null, transcript = null] = FACTS.map((fact) =>
    readFact(folder, fact),
  );
  return { name: name ?? 'unknown', agent, conversation, transcript };
}

function readFact(folder: string, fact: keyof HostFacts): string | null {
  return readPrivateFile(fileOf(folder, fact)) as string | null;
}

function fileOf(folder: string, fact: keyof HostFacts): string {
  return join(folder, `${fact}.json`);
}
