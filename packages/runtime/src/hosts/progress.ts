/*
 * Signs that the agent in a host works. They are the times of empty files, so that a hook which runs at each call of a
 * tool needs no store: the keeper of the host looks at them.
 */
import { createHash } from 'node:crypto';
import { readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RegisteredHost } from '../processes/host-registry.ts';
import { makePrivateFolder, writePrivateFile } from '../system/private-files.ts';

type HostFolder = Pick<RegisteredHost, 'folder'>;

/** Marks that something was done: a turn began or ended, a tool was called. Never throws. */
export function noteProgress({ folder }: HostFolder): void {
  touch(join(folder, 'progress'));
}

/** Marks that a tool is being called: that can take hours without another sign. Never throws. */
export function toolBegan({ folder }: HostFolder, callId: string): void {
  touch(toolFile(folder, callId));
}

/** The call is over; that is progress, too. Never throws. */
export function toolEnded({ folder }: HostFolder, callId: string): void {
  remove(toolFile(folder, callId));
  noteProgress({ folder });
}

/** No call is under way any more: a turn has ended, and calls that were broken off do not tell. Never throws. */
export function turnEnded({ folder }: HostFolder): void {
  remove(join(folder, 'tools'));
  noteProgress({ folder });
}

/** The signs at one moment. Any change of the text is progress: times of files are not compared with a clock. */
export interface ProgressSigns {
  readonly text: string;
  readonly isToolRunning: boolean;
}

export function readProgress({ folder, transcript }: Pick<RegisteredHost, 'folder' | 'transcript'>): ProgressSigns {
  const tools = namesIn(join(folder, 'tools'));
  const times = [join(folder, 'progress'), ...(transcript === null ? [] : [transcript])].map(timeOf);
  return { text: [...times, ...tools].join(' '), isToolRunning: tools.length > 0 };
}

/** Ids of calls are texts of the host. */
function toolFile(folder: string, callId: string): string {
  return join(folder, 'tools', createHash('sha256').update(callId).digest('hex').slice(0, 16));
}

function touch(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    try {
      makePrivateFolder(dirname(path));
      writePrivateFile(path, '');
    } catch {
      // Another hook made it, or the disk is full: then other signs have to do.
    }
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // A call that seems to be under way counts as progress for a while, and no longer.
  }
}

/** 0: there is none that can be seen. */
function timeOf(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
