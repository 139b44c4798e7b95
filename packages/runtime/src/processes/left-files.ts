import { lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProcessIdentity, PublicLease } from '@agent-orchestrator/core';
import { livenessOf } from './dead-holders.ts';
import { ProcessScan } from './lease-processes.ts';
import { ownProcess } from './own-process.ts';
import { offspringOf } from './offspring.ts';
import { pathOfVariable } from '../system/path.ts';

/** Names of the folders of runs, and of two files in them: the owner, and the process group of the command. */
export const FOLDER_PREFIX = 'orchestrator-run-';
export const OWNER_FILE = 'owner.json';
export const GROUP_FILE = 'group.json';

/** Absolute: the command of a run may work in another folder. */
export function temporaryFolder(): string {
  return pathOfVariable(tmpdir(), 'TMPDIR', process.env);
}

/** The process and the lease of a run. */
export type FilesOwner = ProcessIdentity & Pick<PublicLease, 'sessionId' | 'fence'>;

/**
 * Removes the files that killed runs have left: payloads may be secret. It removes only folders of this user whose run
 * is proved dead, with no living process in the command's group and none that carries the lease. In doubt a folder
 * stays. Never throws.
 */
export function removeLeftFiles(): void {
  const here = ownProcess();
  if (here === null) return;
  for (const folder of foldersOfRuns()) {
    try {
      if (isLeft(folder, here)) rmSync(folder, { recursive: true, force: true });
    } catch {
      // Another process was faster, or the folder is not of a run.
    }
  }
}

function foldersOfRuns(): string[] {
  try {
    const names = readdirSync(temporaryFolder()).filter((name) => name.startsWith(FOLDER_PREFIX));
    return names.map((name) => join(temporaryFolder(), name));
  } catch {
    return [];
  }
}

function isLeft(folder: string, here: ProcessIdentity): boolean {
  const status = lstatSync(folder);
  if (!status.isDirectory() || status.uid !== process.geteuid?.()) return false;
  const owner = jsonIn(folder, OWNER_FILE) as FilesOwner;
  if (owner.host !== here.host) return false;
  // No process outlives the boot.
  return owner.boot !== here.boot || isGone(owner, jsonIn(folder, GROUP_FILE) as number);
}

/** A proof is not needed: what is not to be seen any more may lose its files. */
function isGone(owner: FilesOwner, group: number): boolean {
  if (livenessOf(owner) !== 'gone' || offspringOf({ ...owner, group }) === 'alive') return false;
  const scan = ProcessScan.make();
  return scan.carriersOf({ ...owner, group }).length === 0 && !scan.mayHideOffspringOf(owner);
}

/** The folder belongs to this user, so a run wrote the file. @throws if there is none */
function jsonIn(folder: string, name: string): unknown {
  return JSON.parse(readFileSync(join(folder, name), 'utf8'));
}
