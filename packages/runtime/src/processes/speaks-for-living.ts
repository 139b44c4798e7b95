import { utimesSync } from 'node:fs';
import { changedAt } from '../system/changed-at.ts';
import { isHostAlive } from './host-registry.ts';
import type { HostProcess } from './host-facts.ts';

/** For how long a file speaks for a process whose start cannot be seen; that process refreshes it more often. */
const FRESH_MS = 30_000;

/**
 * Whether the process that a file speaks for lives. Outside Linux the start of a process cannot be seen: its number may
 * be that of another one by now, so the file has to be fresh, too.
 */
export function speaksForLiving(path: string, process: Pick<HostProcess, 'pid' | 'start'>): boolean {
  return isHostAlive(process) && (process.start !== '' || Date.now() - changedAt(path) < FRESH_MS);
}

/** The process of a file still lives. Never throws. */
export function keepFresh(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // It is gone, or the disk is read-only: then it speaks for no process.
  }
}
