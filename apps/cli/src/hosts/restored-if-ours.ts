import { Failure } from '../failure.ts';
import { parseConfig, sameExcept, serverIn } from './config-document.ts';
import type { AgentHost, ConfigFile, Place } from './host.ts';
import type { InstallRecord } from './record.ts';
import { startsOurServer } from './server-command.ts';
import { digestNow, digestOf, restoreSnapshot, takeSnapshot, type Snapshot } from './snapshot.ts';

/** The paths of keys that may differ from before in a file, by what is in it now. */
type Ours = (now: unknown) => readonly (readonly string[])[];

/**
 * What may differ from before in the files of an installation: our entry, and what the host itself notes there. An
 * entry with our name that the person has put in its place is none of ours.
 */
export function keysOfOurs(host: AgentHost, { scope, server }: InstallRecord, place: Place): Ours {
  const keys = host.server.keys(scope, place);
  return (now) => {
    const entry = serverIn(now, keys);
    const isOurs = server !== null && (entry === undefined || startsOurServer(entry));
    return [...(host.ownKeys ?? []), ...(isOurs ? [keys] : [])];
  };
}

/** Restores a file unless there is more to lose than what is ours. @returns whether it is as before */
export async function restoredIfOurs(file: ConfigFile, before: Snapshot, ours: Ours): Promise<boolean> {
  const now = takeSnapshot(file.path, true);
  if (digestOf(now) === digestOf(before)) return true;
  try {
    if (!(await sameButForOurs(file, now, before, ours))) return false;
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
export async function losesNothing(file: ConfigFile, before: Snapshot, ours: Ours): Promise<boolean> {
  const now = takeSnapshot(file.path, true);
  if (digestOf(now) === digestOf(before)) return true;
  return isJson(now) && (await sameButForOurs(file, now, before, ours));
}

async function sameButForOurs(file: ConfigFile, now: Snapshot, before: Snapshot, ours: Ours): Promise<boolean> {
  const document = await parseConfig(file, now);
  return sameExcept(ours(document), document, await parseConfig(file, before));
}

function isJson({ bytes }: Snapshot): boolean {
  try {
    JSON.parse(bytes?.toString('utf8') ?? '');
    return true;
  } catch {
    return false;
  }
}
