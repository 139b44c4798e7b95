import { createHash } from 'node:crypto';
import { appendFileSync, closeSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fields } from '@agent-orchestrator/core';
import { z } from 'zod';
import type { Environment } from '../../system/environment.ts';
import { makePrivateFolder, openPrivateFile } from '../../system/private-files.ts';
import { stateFolder } from '../../system/state-folder.ts';

/** What was refused without leaving an event in the log. */
export interface Refusals {
  /** Tasks that were not added, because their dedupe key was in use. */
  readonly duplicateSuppressed: number;
  /** Claims and calls of holders that lost against another holder. */
  readonly leaseConflicts: number;
}

/** Those of one namespace. */
export interface RefusalCount extends Refusals {
  readonly namespace: string;
}

const HOUR_MS = 3_600_000;
/** Files are kept for so long. */
const KEPT_MS = 48 * HOUR_MS;

const count = z.int().min(0);
const line = z.strictObject({
  at: count,
  namespace: fields.name,
  duplicate_suppressed: count,
  lease_conflicts: count,
});

/**
 * Appends counts to the file of this hour, which belongs to this user on this machine. Many processes append to it, and
 * none waits for another. Where it cannot be written, the counts are lost: no command fails for them.
 */
export function appendRefusals(storeUrl: string, counts: readonly RefusalCount[], at: number, env?: Environment): void {
  try {
    const folder = folderOf(storeUrl, env);
    const file = join(folder, fileAt(at));
    if (makePrivateFolder(folder).length > 0) removeSilent(dirname(folder), at);
    const isNew = makeFile(file);
    const lines = counts.map(({ namespace, duplicateSuppressed, leaseConflicts }) =>
      JSON.stringify({ at, namespace, duplicate_suppressed: duplicateSuppressed, lease_conflicts: leaseConflicts }),
    );
    appendFileSync(file, `${lines.join('\n')}\n`);
    if (isNew) removeOld(folder, at);
  } catch {
    // A state folder that cannot be written, or a full disk.
  }
}

/** What was refused since a time (ms), by namespace. A line that cannot be read counts as none. */
export function readRefusals(storeUrl: string, since: number, env?: Environment): readonly RefusalCount[] {
  const folder = folderOf(storeUrl, env);
  const sums = new Map<string, Refusals>();
  for (const name of namesIn(folder)) {
    if (name < fileAt(since)) continue;
    for (const text of textOf(join(folder, name)).split('\n')) {
      const parsed = parsedLine(text);
      if (parsed === null || parsed.at < since) continue;
      const before = sums.get(parsed.namespace);
      sums.set(parsed.namespace, {
        duplicateSuppressed: (before?.duplicateSuppressed ?? 0) + parsed.duplicate_suppressed,
        leaseConflicts: (before?.leaseConflicts ?? 0) + parsed.lease_conflicts,
      });
    }
  }
  return [...sums].map(([namespace, refusals]) => ({ namespace, ...refusals }));
}

function parsedLine(text: string): z.output<typeof line> | null {
  try {
    return line.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** The folder name does not show the address of the store. Several logins of one server count together. */
function folderOf(storeUrl: string, env?: Environment): string {
  const withoutUser = storeUrl.replace(/^([^/]*:\/\/)[^/@]*@/, '$1');
  const name = createHash('sha256').update(withoutUser).digest('hex').slice(0, 32);
  return join(stateFolder(env), 'orchestrator', 'refusals', name);
}

/** The names of files are in the order of time: `2026-01-31T09.jsonl`. */
function fileAt(at: number): string {
  return `${new Date(at).toISOString().slice(0, 13)}.jsonl`;
}

function makeFile(file: string): boolean {
  try {
    closeSync(openPrivateFile(file));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

function removeOld(folder: string, now: number): void {
  const oldest = fileAt(now - KEPT_MS);
  for (const name of namesIn(folder)) if (name < oldest) rmSync(join(folder, name), { force: true });
}

/** Stores come and go: the folder of a store that refused nothing for long goes, too. */
function removeSilent(folder: string, now: number): void {
  const oldest = fileAt(now - KEPT_MS);
  for (const store of namesIn(folder)) {
    const files = namesIn(join(folder, store));
    if (files.length > 0 && files.every((name) => name < oldest)) rmSync(join(folder, store), { recursive: true });
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
