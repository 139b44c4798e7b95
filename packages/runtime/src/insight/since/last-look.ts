import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../system/environment.ts';
import { makePrivateFolder } from '../../system/private-folder.ts';
import { stateFolder } from '../../system/state-folder.ts';
import { locateStore } from '../../stores/locate-store.ts';

/** How far a person has seen a store's log. */
export interface LastLook {
  readonly eventId: number;
  /** When that was, in milliseconds by the store's clock. */
  readonly at: number;
}

/** What was looked at: each namespace of each store has a mark of its own. */
export interface LookedAt {
  readonly store: string;
  readonly namespace: string;
}

/** @returns null if nobody has looked, or what was noted cannot be read */
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
 * Notes how far somebody has looked, for this user's eyes only, whole or not at all. The mark never goes back.
 *
 * @throws the system's error where the file cannot be written
 */
export async function keepLastLook(what: LookedAt, look: LastLook, env?: Environment): Promise<void> {
  const file = await fileOf(what, env);
  if ((readFile(file)?.eventId ?? 0) > look.eventId) return;
  const unfinished = `${file}.${randomUUID()}`;
  makePrivateFolder(folderOf(env));
  try {
    writeFileSync(unfinished, `${JSON.stringify({ event_id: look.eventId, at: look.at })}\n`, {
      flag: 'wx',
      mode: 0o600,
    });
    renameSync(unfinished, file);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

function folderOf(env?: Environment): string {
  return join(stateFolder(env), 'orchestrator', 'last-look');
}

/** The name shows neither the address nor whoever has access to it. */
async function fileOf({ store, namespace }: LookedAt, env?: Environment): Promise<string> {
  const { location } = await locateStore(store);
  const name = createHash('sha256').update(`${location.url}\n${namespace}`).digest('hex').slice(0, 32);
  return join(folderOf(env), `${name}.json`);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
