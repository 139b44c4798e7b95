/*
 * The leases that claims leave behind for the commands that follow in the same terminal session: a private file for
 * each lease. It leaves only by a release of its own lease in this session, or with the session. Neither its age nor
 * what the store says of the lease removes it: its holder may be a script that was paused, and must not find the token
 * of its successor.
 */
import { createHash } from 'node:crypto';
import { accessSync, constants, lstatSync, rmdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fenceOf, fields, numberOf, type ClaimRecord, type Lease } from '@agent-orchestrator/core';
import { isHostAlive, namesIn, nameOfProcess } from '../processes/host-registry.ts';
import { terminalSession } from '../processes/terminal-session.ts';
import { makePrivateFolder, writePrivateFile } from '../system/private-files.ts';
import { readPrivateFile, replacePrivateFile } from '../system/private-json.ts';
import { stateFolder } from '../system/state-folder.ts';
import type { AgentPlace } from '../work/last-held.ts';

/** A lease that a claim in this terminal session left behind. */
export interface TerminalLease extends Pick<Lease, 'fence' | 'instance'> {
  /** It proves the lease to the store. Do not print it. null: it cannot be told, so no lease is the only one. */
  readonly token: string | null;
  /** The number of the task: `t42`; null as above. */
  readonly name: string | null;
}

/**
 * What the commands that follow find of a lease without its token: it alone; neither it nor another one; or an earlier
 * one in its place, because it could not be written down.
 */
export type LeftBehind = 'found' | 'not found' | 'another found';

/** The folder of a terminal session, and a lease of an agent, or what a writer that was killed left of one. */
const FOLDER = /^[\da-f]{8}-\d+-\d+$/u;
const FILE = /^[\da-f]{24}-\d{1,16}\.json(?:\.\d+\.new)?$/u;
/** A claim removes so many folders. */
const REMOVED_MAX = 32;
/** So long is the folder of a session kept that cannot be judged: of an earlier boot, or in a container. */
const UNJUDGED_KEPT_MS = 30 * 86_400_000;

/**
 * Leaves a lease behind that was granted. Never throws: a claim must not fail by a disk that is full or read-only.
 *
 * @param place with the URL of the store as it is shown: without a password
 */
export function leaveLease(place: AgentPlace, { task, lease }: ClaimRecord): LeftBehind {
  const folder = ownFolder();
  if (folder === null) return 'not found';
  const { fence, instance, token } = lease;
  const path = join(folder, `${keyOf(place)}-${fence}.json`);
  attempt(() => removeEnded(folder));
  try {
    makePrivateFolder(folder);
    replacePrivateFile(path, { token, instance, name: numberOf('task', task) } satisfies Omit<TerminalLease, 'fence'>);
    return leasesLeft(place).length === 1 ? 'found' : 'not found';
  } catch {
    // An empty file needs no space. With it, an earlier lease is not the only one.
    const isMarked = attempt(() => writePrivateFile(path, ''));
    return !isMarked && filesOf(place, folder).length > 0 ? 'another found' : 'not found';
  }
}

/**
 * The leases of an agent that are left behind in this terminal session, the oldest first. Never throws.
 *
 * @param instance leaves out those of another run of the agent
 */
export function leasesLeft(place: AgentPlace, instance?: string): TerminalLease[] {
  const folder = ownFolder();
  if (folder === null) return [];
  // Where a later claim cannot write, an earlier lease must not be taken for it.
  const isWritable = attempt(() => accessSync(folder, constants.W_OK));
  return filesOf(place, folder)
    .map((name) => leaseIn(join(folder, name)))
    .map((lease) => (isWritable ? lease : { ...lease, token: null }))
    .filter((lease) => instance === undefined || lease.instance === null || lease.instance === instance)
    .toSorted((a, b) => a.fence - b.fence);
}

/** The lease with this token was released in this terminal session. Never throws. */
export function forgetLease(token: string): void {
  const folder = ownFolder();
  if (folder === null) return;
  const ending = `-${fenceOf(token)}.json`;
  for (const name of namesIn(folder).filter((one) => FILE.test(one) && one.endsWith(ending)))
    if (leaseIn(join(folder, name)).token === token) attempt(() => rmSync(join(folder, name), { force: true }));
}

/** null: nothing is left behind here. It is never a link: that may lead root out of the home folder of a user. */
function ownFolder(): string | null {
  const terminal = terminalSession();
  if (terminal === null) return null;
  try {
    const folder = join(stateFolder(), 'terminals', nameOfProcess(terminal));
    return (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? true) ? folder : null;
  } catch {
    return null;
  }
}

function filesOf(place: AgentPlace, folder: string): string[] {
  const beginning = `${keyOf(place)}-`;
  return namesIn(folder).filter((name) => FILE.test(name) && name.startsWith(beginning) && name.endsWith('.json'));
}

function keyOf({ store, namespace, agent }: AgentPlace): string {
  const key = createHash('sha256').update(JSON.stringify([store, namespace, agent]));
  return key.digest('hex').slice(0, 24);
}

/** What is not a whole record of ours counts as a lease whose token cannot be told. */
function leaseIn(path: string): TerminalLease {
  const fence = Number(/-(\d+)\.json$/u.exec(path)?.[1]);
  const read = isFile(path) ? (readPrivateFile(path) as Record<keyof TerminalLease, unknown> | null) : null;
  const [token, instance, name] = [
    fields.token.safeParse(read?.token).data ?? '',
    fields.name.nullable().safeParse(read?.instance).data,
    fields.id.safeParse(read?.name).data,
  ];
  if (instance === undefined || name === undefined || fenceOf(token) !== fence)
    return { fence, instance: null, token: null, name: null };
  return { fence, instance, token, name };
}

function isFile(path: string): boolean {
  try {
    return lstatSync(path).isFile();
  } catch {
    return false;
  }
}

/** Removes what was left behind in sessions that have ended. */
function removeEnded(own: string): void {
  const root = dirname(own);
  const [where = ''] = basename(own).split('-');
  const names = namesIn(root).filter((name) => FOLDER.test(name));
  const ended = names.filter((name) => hasEnded(join(root, name), where)).slice(0, REMOVED_MAX);
  for (const name of ended) attempt(() => removeFolder(join(root, name)));
}

function hasEnded(folder: string, where: string): boolean {
  const [itsWhere, pid, start = ''] = basename(folder).split('-');
  if (itsWhere === where) return !isHostAlive({ pid: Number(pid), start });
  const changedAt = lstatSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return changedAt + UNJUDGED_KEPT_MS < Date.now();
}

/** Only files that look like ours, one by one: what is called a folder of ours can be a link to any other one. */
function removeFolder(folder: string): void {
  if (!lstatSync(folder).isDirectory()) return;
  const paths = namesIn(folder).flatMap((name) => (FILE.test(name) ? join(folder, name) : []));
  for (const path of paths.filter(isFile)) rmSync(path, { force: true });
  rmdirSync(folder);
}

/** @returns false: it belongs to another user, the disk is full or read-only, or another process was faster */
function attempt(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}
