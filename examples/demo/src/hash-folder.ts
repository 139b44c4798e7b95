import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ClaimRecord, Orchestrator } from '@agent-orchestrator/core';

/** The payload of a task. */
export interface FolderPayload {
  readonly root: string;
  readonly files: readonly string[];
  /** An added pause per file, so that people can watch. */
  readonly paceMs: number;
}

/** The data of each checkpoint: enough for any agent to continue. */
export interface FolderProgress {
  /** The file that was done, and its number, counted from 1. */
  readonly file: string;
  readonly position: number;
  readonly sha256: string;
  /** Of all files so far. */
  readonly bytes: number;
  readonly digest: string;
}

export interface FolderResult {
  readonly files: number;
  readonly bytes: number;
  readonly digest: string;
}

export const START = { position: 0, bytes: 0, digest: '' };

/** The digest of all files so far, from the one before. */
export function digestOf(before: string, file: string, sha256: string): string {
  return sha(`${before}\n${file}\n${sha256}`);
}

/** Called before each file, so that the agent can note it. */
type BeforeFile = (file: string, position: number) => void;

/**
 * Counts and hashes the files of a folder, with a checkpoint after each one. It continues after the last checkpoint.
 *
 * @returns false if the lease was lost: another agent continues, and this one has nothing more to do
 */
export async function hashFolder(
  orchestrator: Orchestrator,
  { task, lease, context }: ClaimRecord,
  startOver: boolean,
  beforeFile: BeforeFile,
): Promise<boolean> {
  const { root, files, paceMs } = task.payload as FolderPayload;
  const holder = {
    token: lease.token,
    ...(lease.instance !== null && { instance: lease.instance }),
  };
  const saved = startOver ? null : ((context?.data ?? null) as FolderProgress | null);
  let { position, bytes, digest } = saved ?? START;
  for (const file of files.slice(position)) {
    beforeFile(file, position + 1);
    await pause(paceMs);
    const content = await readFile(join(root, file));
    const sha256 = sha(content);
    position += 1;
    bytes += content.length;
    digest = digestOf(digest, file, sha256);
    const data = { file, position, sha256, bytes, digest };
    const next = files[position];
    const reply = await orchestrator.checkpoint({
      ...holder,
      lastAction: `hashed ${file}`,
      ...(next !== undefined && { nextAction: `hash ${next}` }),
      data,
    });
    if (!reply.ok) return false;
  }
  const released = await orchestrator.releaseTask({
    ...holder,
    outcome: 'succeeded',
    result: { files: position, bytes, digest },
  });
  return released.ok;
}

function sha(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
