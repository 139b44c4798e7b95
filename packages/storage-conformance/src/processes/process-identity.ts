import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { ProcessIdentity } from '@agent-orchestrator/core';

/** This process as others can find it, or null where the system does not tell. */
export function ownIdentity(): ProcessIdentity | null {
  const start = startOf(process.pid);
  const boot = bootId();
  return start === null || boot === null ? null : { host: hostname(), boot, pid: process.pid, start };
}

/** Whether a process is gone for certain: this machine, this boot, and no process with that number and start. */
export function isGone({ host, boot, pid, start }: ProcessIdentity): boolean {
  return host === hostname() && boot === bootId() && startOf(pid) !== start;
}

/** When a process started, in ticks since the boot; null: there is none. */
function startOf(pid: number): string | null {
  const stat = readText(`/proc/${pid}/stat`);
  // The name in brackets may hold blanks; the start is the 20th word after it.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

function bootId(): string | null {
  return readText('/proc/sys/kernel/random/boot_id')?.trim() ?? null;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
