import { createHash } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { ProcessIdentity } from '@agent-orchestrator/core';
import { readProcess, readProcessStatus, readText } from './process-table.ts';

/**
 * Whether `/proc` is that of this process. In a namespace of processes of its own it can be that of others: then it
 * shows other numbers, and the process with a number in it is another one.
 */
export function seesOwnProcesses(): boolean {
  // One number for each pid namespace from that of `/proc` inwards. With more than one, `/proc` shows different
  // numbers.
  const numbers = readProcessStatus('self', 'NSpid');
  return numbers?.length === 1 && numbers[0] === String(process.pid);
}

/**
 * The identity of this process, as other processes on the same machine can look it up. A lease records it, so that the
 * death of its holder can be proved at once. Only for a process that lives as long as it holds the lease.
 *
 * @returns null if it is unknown: outside Linux, or if `/proc` is not that of this process. Such a lease can only
 * become stale
 */
export function ownProcess(): ProcessIdentity | null {
  if (process.platform !== 'linux' || !seesOwnProcesses()) return null;
  const start = readProcess(process.pid)?.start;
  const boot = readText('/proc/sys/kernel/random/boot_id')?.trim();
  const host = hostId();
  return start === undefined || !boot || host === null ? null : { host, boot, pid: process.pid, start };
}

/**
 * Identifies the machine, and the view that this process has of its processes. Two processes with the same id see the
 * same processes under the same numbers with the same starts, and may read the same environments. Any difference makes
 * another id: then nothing is proved, which is better than a false proof. It is a hash, because a machine's id is
 * confidential.
 */
function hostId(): string | null {
  const pids = namespaceId('pid');
  if (pids === null) return null;
  const machine = readText('/etc/machine-id') ?? readText('/var/lib/dbus/machine-id');
  const view = [machine?.trim(), hostname(), pids, namespaceId('time'), namespaceId('user'), process.geteuid?.()];
  return createHash('sha256').update(JSON.stringify(view)).digest('hex').slice(0, 32);
}

function namespaceId(kind: 'pid' | 'time' | 'user'): string | null {
  try {
    return readlinkSync(`/proc/self/ns/${kind}`);
  } catch {
    return null;
  }
}
