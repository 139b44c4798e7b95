import { Failure } from '../failure.ts';
import { parseConfig, sameExcept } from './config-document.ts';
import type { AgentHost, ConfigFile, Place } from './host.ts';
import type { InstallRecord } from './record.ts';
import { digestNow, digestOf, restoreSnapshot, takeSnapshot, type Snapshot } from './snapshot.ts';

type Keys = readonly (readonly string[])[];

/** What may differ from before in the files of an installation: our entry, and what the host itself notes there. */
export function keysOfOurs(host: AgentHost, { scope, server }: InstallRecord, place: Place): Keys {
  return [...(host.ownKeys ?? []), ...(server === null ? [] : [host.server.keys(scope, place)])];
}

/** Restores a file unless there is more to lose than what is ours. @returns whether it is as before */
export async function restoredIfOurs(file: ConfigFile, before: Snapshot, keys: Keys): Promise<boolean> {
  const now = takeSnapshot(file.path, true);
  if (digestOf(now) === digestOf(before)) return true;
  try {
    if (!sameExcept(keys, await parseConfig(file, now), await parseConfig(file, before))) return false;
  } catch (error) {
    // The host has left a file that it cannot read itself.
    if (!(error instanceof Failure)) throw error;
  }
  if (digestNow(file.path) !== digestOf(now)) return false;
  restoreSnapshot(before);
  return true;
}

/**
 * Whether nothing would be lost if a file got back the bytes that it had before: but for some keys it says the same,
 * and it has no comment, which a person could have written since.
 */
export async function losesNothing(file: ConfigFile, before: Snapshot, keys: Keys): Promise<boolean> {
  const now = takeSnapshot(file.path, true);
  if (digestOf(now) === digestOf(before)) return true;
  return isJson(now) && sameExcept(keys, await parseConfig(file, now), await parseConfig(file, before));
}

function isJson({ bytes }: Snapshot): boolean {
  try {
    JSON.parse(bytes?.toString('utf8') ?? '');
    return true;
  } catch {
    return false;
  }
}
