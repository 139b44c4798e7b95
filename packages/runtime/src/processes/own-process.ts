import { createHash } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { ProcessIdentity } from '@agent-orchestrator/core';
import { readProcess, readStatus, readText } from './process-table.ts';

/**
 * This process as others on the same machine can look it up: what a lease records of its holder, so that the holder's death
 * can be proved at once. Only for a process that lives as long as it holds the lease.
 *
 * null where it cannot be told: outside Linux, or where `/proc` is not that of the process itself. A lease without it ends
 * as all others do, by silence.
 */
export function ownProcess(): ProcessIdentity | null {
  if (process.platform !== 'linux') return null;
  // One number per pid namespace from that of `/proc` inwards: with more than one, `/proc` shows other numbers than ours.
  const numbers = readStatus('self', 'NSpid');
  if (numbers?.length !== 1 || numbers[0] !== String(process.pid)) return null;
  const start = readProcess(process.pid)?.start;
  const boot = readText('/proc/sys/kernel/random/boot_id')?.trim();
  const host = hostId();
  return start === undefined || !boot || host === null ? null : { host, boot, pid: process.pid, start };
}

/**
 * The machine, and the view that this process has of its processes: two that share an id see the same processes under the
 * same numbers with the same starts, and may read the same environments. Whatever sets two views apart makes another id,
 * since it is better to prove nothing than something false. As a hash, because a machine's id is not for everybody to see.
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
