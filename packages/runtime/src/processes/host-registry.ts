/*
 * The agent hosts of this user, as far as they told: a folder for each process of a host. A hook or a server registers
 * the process that it serves; then every program below that process knows who is asking. Nothing here is a proof: a
 * program of the same user can write what it wants.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessIdentity } from '@agent-orchestrator/core';
import { writePrivateFile } from '../system/private-files.ts';
import { stateFolder } from '../system/state-folder.ts';
import { ancestorsOf, type Ancestor } from './ancestors.ts';
import { ownProcess } from './own-process.ts';
import { readProcess, trySignal } from './process-table.ts';

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

export interface RegisteredHost extends HostFacts {
  readonly process: HostProcess;
  /** Private files about this process. */
  readonly folder: string;
}

export const FACTS_FILE = 'host.json';

/** Where the leases are in a folder of holdings, by their fences. */
export const LEASES_FOLDER = 'leases';
export const LEASE_FILE = /^(\d+)\.json$/u;

/** The registration of a process; null: it is no host, as far as is known. Never throws. */
export function registeredHost({ pid, start }: Pick<Ancestor, 'pid' | 'start'>): RegisteredHost | null {
  try {
    const process = { ...here(), pid, start };
    const folder = folderOfHost(process);
    const facts = readFacts(folder);
    return facts === null ? null : { ...facts, process, folder };
  } catch {
    return null;
  }
}

/** The fences of the leases that a process of a host holds, in whatever store. Never throws. */
export function fencesOf({ folder }: Pick<RegisteredHost, 'folder'>): number[] {
  const holdings = namesIn(folder).flatMap((name) => namesIn(join(folder, name, LEASES_FOLDER)));
  return holdings.flatMap((name) => LEASE_FILE.exec(name)?.[1] ?? []).map(Number);
}

/** The registered host above this process; null: there is none. Never throws. */
export function hostOfThisProcess(): RegisteredHost | null {
  for (const ancestor of ancestorsOrParent()) {
    const host = registeredHost(ancestor);
    if (host !== null) return host;
  }
  return null;
}

/** Whether the process of a host lives. Without a process table its number alone decides. */
export function isHostAlive({ pid, start }: Pick<HostProcess, 'pid' | 'start'>): boolean {
  if (start === '') return trySignal(pid, 0);
  const entry = readProcess(pid);
  return entry !== null && entry.start === start && !entry.hasEnded;
}

/** Replaces a private file at once: a reader sees the old or the new one. */
export function replacePrivateFile(path: string, value: unknown): void {
  const next = `${path}.${process.pid}.new`;
  rmSync(next, { force: true });
  writePrivateFile(next, `${JSON.stringify(value)}\n`);
  renameSync(next, path);
}

/** The value of a private file of ours; null: there is none. */
export function readPrivateFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

/** Where the registrations are. */
export function hostsFolder(): string {
  return join(stateFolder(), 'hosts');
}

export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

export function knownIn(folder: string): (HostFacts & { readonly process: HostProcess }) | null {
  return readPrivateFile(join(folder, FACTS_FILE)) as (HostFacts & { readonly process: HostProcess }) | null;
}

/** What is known of a host; null: nothing. */
export function readFacts(folder: string): HostFacts | null {
  const read = knownIn(folder);
  if (read === null) return null;
  const { name, agent, conversation, transcript } = read;
  return { name, agent, conversation, transcript };
}

/** Processes of another machine, boot or view that have the same number are others. */
export function folderOfHost({ host, boot, pid, start }: HostProcess): string {
  const where = createHash('sha256')
    .update(JSON.stringify([host, boot]))
    .digest('hex')
    .slice(0, 8);
  return join(hostsFolder(), [where, pid, ...(start === '' ? [] : [start])].join('-'));
}

let place: Pick<HostProcess, 'host' | 'boot'> | null = null;

/** Where the processes are that this one sees. It stays the same while this process lives. */
export function here(): Pick<HostProcess, 'host' | 'boot'> {
  place ??= ownProcess() ?? { host: 'unknown', boot: '' };
  const { host, boot } = place;
  return { host, boot };
}

/** The nearest first; where processes cannot be seen, only the one that started this one. */
export function ancestorsOrParent(): readonly Ancestor[] {
  // A process that is not in the table of its own view does not know its ancestors either.
  const above = ownProcess() === null ? [] : ancestorsOf();
  return above.length > 0 ? above : [{ pid: process.ppid, start: '', program: '' }];
}
