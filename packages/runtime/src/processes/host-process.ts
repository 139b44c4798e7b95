import type { ProcessIdentity } from '@agent-orchestrator/core';
import { callerIdentity } from './caller-identity.ts';
import { ownProcess } from './own-process.ts';

/**
 * The process of the agent host that this process serves: the nearest registered host among the ancestors, else the
 * process that started this one. A lease records it where this process only speaks for the host: the holder is alive
 * as long as the host is, also if this process ends.
 *
 * @returns null if it is unknown: outside Linux, or if it is not in the process table that this process sees
 */
export function hostProcess(): ProcessIdentity | null {
  const here = ownProcess();
  // Without variables: a token in the environment names a lease, not a process.
  const caller = callerIdentity({ env: {} });
  if (here === null || caller.by === 'run' || caller.process === null) return null;
  const { pid, start } = caller.process;
  return { host: here.host, boot: here.boot, pid, start };
}
