import { lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProcessIdentity, PublicLease } from '@agent-orchestrator/core';
import { livenessOf } from '../processes/dead-holders.ts';
import { ProcessScan } from '../processes/lease-processes.ts';
import { ownProcess } from '../processes/own-process.ts';
import { isGroupAlive } from '../processes/process-table.ts';

/** How folders of runs are called, and two of the files in them: whose they are, and which group works with them. */
export const FOLDER_PREFIX = 'orchestrator-run-';
export const OWNER_FILE = 'owner.json';
export const GROUP_FILE = 'group.json';

/** Whose the files of a run are. */
export type FilesOwner = ProcessIdentity & Pick<PublicLease, 'sessionId' | 'fence'>;

/**
 * Removes what runs that were killed have left: payloads may be secret. Only folders of this user whose run is plainly gone, with
 * nobody left of its command's process group, nor any process that carries its lease. What cannot be told, or removed, is left; never throws.
 */
export function removeLeftFiles(): void {
  const here = ownProcess();
  if (here === null) return;
  for (const folder of foldersOfRuns()) {
    try {
      if (isLeft(folder, here)) rmSync(folder, { recursive: true, force: true });
    } catch {
      // Somebody was faster, or it is not one of ours.
    }
  }
}

function foldersOfRuns(): string[] {
  try {
    const names = readdirSync(tmpdir()).filter((name) => name.startsWith(FOLDER_PREFIX));
    return names.map((name) => join(tmpdir(), name));
  } catch {
    return [];
  }
}

function isLeft(folder: string, here: ProcessIdentity): boolean {
  const status = lstatSync(folder);
  if (!status.isDirectory() || status.uid !== process.geteuid?.()) return false;
  const owner = jsonIn(folder, OWNER_FILE) as FilesOwner;
  if (owner.host !== here.host) return false;
  // Nothing outlives the boot.
  return owner.boot !== here.boot || isGone(owner, jsonIn(folder, GROUP_FILE) as number);
}

function isGone(owner: FilesOwner, group: number): boolean {
  if (livenessOf(owner) !== 'gone' || isGroupAlive(group)) return false;
  const scan = ProcessScan.make();
  return scan.carriersOf({ ...owner, group }).length === 0 && !scan.mayHideOffspringOf(owner);
}

/** Written by a run of ours, since nobody else can. @throws if there is none */
function jsonIn(folder: string, name: string): unknown {
  return JSON.parse(readFileSync(join(folder, name), 'utf8'));
}
