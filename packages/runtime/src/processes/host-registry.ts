/*
 * The agent hosts of this user, as far as they told: a folder for each process of a host. A hook or a server registers
 * the process that it serves; then every program below that process knows who is asking. Nothing here is a proof: a
 * program of the same user can write what it wants.
 */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { stateFolder } from '../system/state-folder.ts';
import { ancestorsOf, type Ancestor } from './ancestors.ts';
import { readFacts, type HostFacts, type HostProcess } from './host-facts.ts';
import { ownProcess } from './own-process.ts';
import { readProcess, trySignal } from './process-table.ts';

export interface RegisteredHost extends HostFacts {
  readonly process: HostProcess;
  /** Private files about this process. */
  readonly folder: string;
}

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

export function folderOfHost(process: HostProcess): string {
  return join(hostsFolder(), nameOfProcess(process));
}

/** Processes of another machine, boot or view that have the same number are others. */
export function nameOfProcess({ host, boot, pid, start }: HostProcess): string {
  const where = createHash('sha256')
    .update(JSON.stringify([host, boot]))
    .digest('hex')
    .slice(0, 8);
  return [where, pid, ...(start === '' ? [] : [start])].join('-');
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
  const above = ancestorsOf();
  return above.length > 0 ? above : [{ pid: process.ppid, start: '', program: '' }];
}
