import type { HostProcess } from './host-facts.ts';
import { ownProcess } from './own-process.ts';
import { readProcess } from './process-table.ts';

/**
 * The leader of the POSIX session of this process. In one session is what a person types at one terminal, with the
 * scripts that are started there; a service, or a job of cron, has one of its own.
 *
 * @returns null: outside Linux, or the leader has ended or cannot be seen, as from inside of a container that
 *   another session entered
 */
export function terminalSession(): HostProcess | null {
  const own = ownProcess();
  if (own === null) return null;
  const leader = readProcess(readProcess(own.pid)?.session ?? 0);
  if (leader === null || leader.hasEnded) return null;
  return { host: own.host, boot: own.boot, pid: leader.pid, start: leader.start };
}
