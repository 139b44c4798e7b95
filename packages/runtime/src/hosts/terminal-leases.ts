/*
 * The leases that the claims in a terminal session left behind, as private files with their tokens: the commands that
 * follow there find the token, as long as there is one lease to choose. A lease that another claim has taken over
 * stays here: its holder may be a script that was paused, and must not find the token of its successor.
 */
import { createHash } from 'node:crypto';
import { lstatSync, rmdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { fenceOf, numberOf, type ClaimRecord, type Lease } from '@agent-orchestrator/core';
import type { HostProcess } from '../processes/host-facts.ts';
import { isHostAlive, namesIn, nameOfProcess } from '../processes/host-registry.ts';
import { terminalSession } from '../processes/terminal-session.ts';
import { makePrivateFolder, writePrivateFile } from '../system/private-files.ts';
import { readPrivateFile, replacePrivateFile } from '../system/private-json.ts';
import { stateFolder } from '../system/state-folder.ts';
import type { AgentPlace } from '../work/last-held.ts';

/** A lease that a claim in this terminal session left behind. */
export interface TerminalLease extends Pick<Lease, 'fence' | 'instance' | 'ttlMs'> {
  /** It proves the lease to the store. Do not print it. null: the disk was full, so only the lease is known. */
  readonly token: string | null;
  /** The number of the task: `t42`; null as above. */
  readonly name: string | null;
}

/** So long after the TTL of its last renewal, a lease is of no interest any more. */
const KEPT_MS = 86_400_000;
/** A claim looks at so many entries of a folder to clean up, at other ones each time. */
const LOOKS_MAX = 32;
/** A lease of an agent, and what a writer that was killed left of one. */
const FILE = /^[\da-f]{24}-\d{1,16}\.json(?:\.\d+\.new)?$/u;

/**
 * Leaves a lease behind that was granted. Never throws: a claim must not fail by a disk that is full or read-only.
 *
 * @param place with the URL of the store as it is shown: without a password
 * @returns how many leases of the agent are left behind in this terminal session; 0: this one could not be
 */
export function leaveLease(place: AgentPlace, { task, lease }: ClaimRecord): number {
  const terminal = terminalSession();
  if (terminal === null) return 0;
  let path: string | undefined;
  try {
    removeOld(terminal);
    const folder = folderOf(terminal);
    const { fence, instance, ttlMs, token } = lease;
    path = join(folder, `${keyOf(place)}-${fence}.json`);
    makePrivateFolder(folder);
    replacePrivateFile(path, { fence, instance, ttlMs, token, name: numberOf('task', task) } satisfies TerminalLease);
    return filesOf(place, folder).length;
  } catch {
    // An empty file needs no space. Without it, the commands for this lease would find an earlier one alone.
    attempt(() => path !== undefined && writePrivateFile(path, ''));
    return 0;
  }
}

/**
 * The leases of an agent that are left behind in this terminal session, the oldest first.
 *
 * @param instance leaves out those of another run of the agent
 * @throws `CONFIG_INVALID` if there is no home folder
 */
export function leasesLeft(place: AgentPlace, instance?: string): TerminalLease[] {
  const terminal = terminalSession();
  if (terminal === null) return [];
  const folder = folderOf(terminal);
  return filesOf(place, folder)
    .flatMap((name) => leaseIn(folder, name) ?? [])
    .filter((lease) => instance === undefined || lease.instance === null || lease.instance === instance)
    .toSorted((a, b) => a.fence - b.fence);
}

/** The lease is over for its holder: in no terminal session is it kept. Never throws. */
export function forgetLease(token: string): void {
  for (const path of pathsOf(token)) attempt(() => rmSync(path, { force: true }));
}

/** The lease was renewed just now. Never throws. */
export function keepLeft(token: string): void {
  for (const path of pathsOf(token)) attempt(() => utimesSync(path, new Date(), new Date()));
}

function pathsOf(token: string): string[] {
  try {
    const ending = `-${fenceOf(token)}.json`;
    const paths = namesIn(root()).flatMap((terminal) => {
      const names = namesIn(join(root(), terminal)).filter((name) => name.endsWith(ending));
      return names.map((name) => join(root(), terminal, name));
    });
    return paths.filter((path) => (readLease(path)?.token ?? token) === token);
  } catch {
    return [];
  }
}

function root(): string {
  return join(stateFolder(), 'terminals');
}

function folderOf(terminal: HostProcess): string {
  return join(root(), nameOfProcess(terminal));
}

function filesOf(place: AgentPlace, folder: string): string[] {
  const beginning = `${keyOf(place)}-`;
  return namesIn(folder).filter((name) => name.startsWith(beginning) && name.endsWith('.json'));
}

function keyOf({ store, namespace, agent }: AgentPlace): string {
  const key = createHash('sha256').update(JSON.stringify([store, namespace, agent]));
  return key.digest('hex').slice(0, 24);
}

/** null: it is long over, or was forgotten just now. */
function leaseIn(folder: string, name: string): TerminalLease | null {
  const path = join(folder, name);
  const lease = readLease(path);
  if (isPast(path, lease)) return null;
  return lease ?? { fence: Number(/-(\d+)/u.exec(name)?.[1]), instance: null, ttlMs: 0, token: null, name: null };
}

function readLease(path: string): TerminalLease | null {
  return readPrivateFile(path) as TerminalLease | null;
}

/** Each renewal is a change of the file. */
function isPast(path: string, lease: TerminalLease | null): boolean {
  const changedAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return changedAt + (lease?.ttlMs ?? 0) + KEPT_MS < Date.now();
}

/** Removes what was left behind in sessions that have ended, and the leases that are long over. */
function removeOld(here: HostProcess): void {
  const [where] = nameOfProcess(here).split('-');
  for (const name of someOf(namesIn(root()))) {
    const [itsWhere, pid, start = ''] = name.split('-');
    // Of another boot, or of a container with the same home, no process can be judged: its leases are, by their age.
    const hasEnded = itsWhere === where && !isHostAlive({ pid: Number(pid), start });
    attempt(() => cleanUp(join(root(), name), { hasEnded }));
  }
}

/**
 * Only files that look like ours, one by one: for root in the home folder of a user, what is called a folder of ours
 * can be a link to any other one.
 */
function cleanUp(folder: string, { hasEnded }: { readonly hasEnded: boolean }): void {
  const status = lstatSync(folder);
  if (!status.isDirectory()) return;
  const names = namesIn(folder);
  for (const name of someOf(names)) {
    const path = join(folder, name);
    if (FILE.test(name) && (hasEnded || isPast(path, readLease(path)))) attempt(() => rmSync(path, { force: true }));
  }
  // A claim in a session that lives may have made its folder just now.
  if (hasEnded || (names.length === 0 && status.mtimeMs + KEPT_MS < Date.now())) rmdirSync(folder);
}

function someOf(names: readonly string[]): readonly string[] {
  const first = Math.floor(Math.random() * names.length);
  return [...names.slice(first), ...names.slice(0, first)].slice(0, LOOKS_MAX);
}

function attempt(act: () => void): void {
  try {
    act();
  } catch {
    // It belongs to another user, the disk is read-only there, or another process was faster.
  }
}
