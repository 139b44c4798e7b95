import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessIdentity } from '@agent-orchestrator/core';
import { writePrivateFile } from '../system/private-files.ts';
import { readPrivateFile, replacePrivateFile } from '../system/private-json.ts';
import { isHostAlive, namesIn, registeredHost } from './host-registry.ts';
import { readProcess } from './process-table.ts';
import { keepFresh, speaksForLiving } from './speaks-for-living.ts';

/** Which process keeps what is in a folder of holdings. */
const KEEPER_FILE = 'keeper.json';

type Keeper = Pick<ProcessIdentity, 'pid' | 'start'>;

/** Whether a keeper works on these holdings. */
export function isKept(folder: string): boolean {
  const keeper = keeperOf(folder);
  return keeper !== null && speaksForLiving(join(folder, KEEPER_FILE), keeper);
}

/** Says which process keeps from now on. The starter says so at once, so that no second one is started. */
export function tellKeeper(folder: string, pid: number): void {
  replacePrivateFile(join(folder, KEEPER_FILE), { pid, start: readProcess(pid)?.start ?? '' } satisfies Keeper);
}

/**
 * Makes this process the keeper.
 *
 * @returns whether it is; false: another one works, or the holdings are gone
 */
export function becomeKeeper(folder: string): boolean {
  if (isKeeping(folder)) return true;
  if (isKept(folder)) return false;
  try {
    tellKeeper(folder, process.pid);
    return true;
  } catch {
    return false;
  }
}

/** Whether this process is the keeper: of two that were started at the same moment, one is. Ask it every second. */
export function isKeeping(folder: string): boolean {
  const keeper = keeperOf(folder);
  if (keeper?.pid !== process.pid) return false;
  if (keeper.start === '') keepFresh(join(folder, KEEPER_FILE));
  return true;
}

/** This process keeps nothing any more. */
export function leaveKeeping(folder: string): void {
  if (isKeeping(folder)) rmSync(join(folder, KEEPER_FILE), { force: true });
}

/** Whether the process of a host has a keeper that works. */
export function hasKeeper(host: Pick<ProcessIdentity, 'pid' | 'start'>): boolean {
  const folder = registeredHost(host)?.folder;
  return folder !== undefined && isAnyKept(folder);
}

/** In the folder of a host: what it started lives on after it. */
const LEFT_FILE = 'left';

/**
 * Notes that something that the host started lives on after it, and may work. The store is told, too, but it may not
 * answer in time.
 */
export function noteLeftWork({ folder }: { readonly folder: string }): void {
  writePrivateFile(join(folder, LEFT_FILE), '');
}

/** Whether a host that has ended left something behind that may work. Then only silence ends its leases. */
export function hasLeftWork(folder: string): boolean {
  return existsSync(join(folder, LEFT_FILE));
}

/** Whether the end of a host's process proves nothing about its leases. */
export function isEndInDoubt(host: Pick<ProcessIdentity, 'pid' | 'start'>): boolean {
  const folder = registeredHost(host)?.folder;
  // A keeper judges within a second, by what the host has started, too.
  return folder !== undefined && (hasLeftWork(folder) || isAnyKept(folder));
}

/** Whether a host has ended just now, and its keeper has not said yet what becomes of the leases. */
export function isBeingJudged(host: Pick<ProcessIdentity, 'pid' | 'start'>): boolean {
  return !isHostAlive(host) && hasKeeper(host);
}

function isAnyKept(folder: string): boolean {
  return namesIn(folder).some((name) => isKept(join(folder, name)));
}

function keeperOf(folder: string): Keeper | null {
  return readPrivateFile(join(folder, KEEPER_FILE)) as Keeper | null;
}
