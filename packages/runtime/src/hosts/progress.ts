/*
 * Signs that the agent in a host works. They are the times of empty files, so that a hook which runs at each call of a
 * tool needs no store: the keeper of the host looks at them.
 */
import { createHash } from 'node:crypto';
import { existsSync, rmSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { conversationsIn } from '../processes/conversations.ts';
import { namesIn, type RegisteredHost } from '../processes/host-registry.ts';
import { changedAt } from '../system/changed-at.ts';
import { makePrivateFolder, writePrivateFile } from '../system/private-files.ts';
import { openCallsIn, type OpenCalls } from './open-calls.ts';
import { lastEntries } from './transcript.ts';

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
  touch(join(folder, 'turn'));
  noteProgress({ folder });
}

/** The signs at one moment. Any change of the text is progress: times of files are not compared with a clock. */
export interface ProgressSigns {
  readonly text: string;
  readonly isToolRunning: boolean;
  /** See `isObserved`. */
  readonly isObserved: boolean;
}

/**
 * Whether a hook or a transcript has ever told of the work in a host. Without either, as where only the tools are
 * installed, an agent that calls none of them may be at work.
 */
export function isObserved({ folder, transcript }: Pick<RegisteredHost, 'folder' | 'transcript'>): boolean {
  return transcript !== null || ['turn', 'tools'].some((name) => existsSync(join(folder, name)));
}

/** A host writes to its transcript for a moment after the end of a turn. */
const AFTER_TURN_MS = 2_000;

/** Reads the signs again and again. */
export class ProgressReader {
  #transcripts: ReadonlyMap<string, Transcript> = new Map();

  read(host: Pick<RegisteredHost, 'folder' | 'transcript'>): ProgressSigns {
    const { folder } = host;
    const tools = namesIn(join(folder, 'tools'));
    this.#transcripts = new Map(transcriptsOf(host).map((path) => [path, this.#look(path)]));
    const seen = [...this.#transcripts.values()];
    const turnEndedAt = changedAt(join(folder, 'turn')) + AFTER_TURN_MS;
    const isCalling = seen.some(({ time, calls }) => calls.hasOpenCall || (calls.isModelsTurn && time > turnEndedAt));
    const text = [changedAt(join(folder, 'progress')), ...seen.map(({ time }) => time), ...tools].join(' ');
    return { text, isToolRunning: tools.length > 0 || isCalling, isObserved: isObserved(host) };
  }

  /** Reads a transcript when it has changed. */
  #look(path: string): Transcript {
    const time = changedAt(path);
    const known = this.#transcripts.get(path);
    return known?.time === time ? known : { time, calls: openCallsIn(lastEntries(path)) };
  }
}

interface Transcript {
  readonly time: number;
  readonly calls: OpenCalls;
}

/** Of all conversations in the process: each one's work is work. */
function transcriptsOf(host: Pick<RegisteredHost, 'folder' | 'transcript'>): string[] {
  const others = conversationsIn(host).map(({ transcript }) => transcript);
  const paths = [host.transcript, ...others].filter((path) => path !== null);
  return [...new Set(paths)].toSorted();
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
