import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../system/environment.ts';
import { makePrivateFolder, writePrivateFile } from '../../system/private-files.ts';
import { stateFolder } from '../../system/state-folder.ts';
import { locateStore } from '../../stores/locate-store.ts';

/** How far a person has read a store's log. */
export interface LastLook {
  readonly eventId: number;
  /** When that was, in milliseconds by the store's clock. */
  readonly at: number;
}

/** What was read: each namespace of each store has a last look of its own. */
export interface LookedAt {
  readonly store: string;
  readonly namespace: string;
}

/** @returns null if there was no look yet, or its file cannot be read */
export async function readLastLook(what: LookedAt, env?: Environment): Promise<LastLook | null> {
  return readFile(await fileOf(what, env));
}

function readFile(file: string): LastLook | null {
  try {
    const { event_id: eventId, at } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    return isCount(eventId) && isCount(at) ? { eventId, at } : null;
  } catch {
    return null;
  }
}

/**
 * Stores how far the user has looked, atomically, in a file that only this user can read. It never goes back.
 *
 * @throws the system's error where the file cannot be written
 */
export async function keepLastLook(what: LookedAt, look: LastLook, env?: Environment): Promise<void> {
  const file = await fileOf(what, env);
  if ((readFile(file)?.eventId ?? 0) > look.eventId) return;
  const unfinished = `${file}.${randomUUID()}`;
  makePrivateFolder(folderOf(env));
  try {
    writePrivateFile(unfinished, `${JSON.stringify({ event_id: look.eventId, at: look.at })}\n`);
    renameSync(unfinished, file);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

function folderOf(env?: Environment): string {
  return join(stateFolder(env), 'orchestrator', 'last-look');
}

/** The file name shows neither the address nor the user of the store. */
async function fileOf({ store, namespace }: LookedAt, env?: Environment): Promise<string> {
  const { location } = await locateStore(store);
  const name = createHash('sha256').update(`${location.url}\n${namespace}`).digest('hex').slice(0, 32);
  return join(folderOf(env), `${name}.json`);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
