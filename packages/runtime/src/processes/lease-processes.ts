import { readFileSync } from 'node:fs';
import { fenceOf, type ProcessIdentity } from '@agent-orchestrator/core';
import { ownProcess } from './own-process.ts';
import { isKeeper } from './keeper-sight.ts';
import {
  listProcesses,
  programOf,
  readProcess,
  readProcessStatus,
  withDescendants,
  type ProcessEntry,
} from './process-table.ts';

/** The lease that a process was started under, by its environment. */
export interface CarriedLease {
  readonly sessionId: string;
  readonly fence: number;
  /** The group of its keeper on this machine, or of its command where there is no keeper, if it is known. */
  readonly group?: number | undefined;
}

/** A process that was started under a lease, directly or by another such process. */
export interface LeaseProcess {
  readonly pid: number;
  /** With the pid it names one process; in the unit of `ProcessIdentity`. */
  readonly start: string;
  /** The name of its program, without arguments: they may hold secrets. Escape it before printing. */
  readonly command: string;
}

/**
 * The living processes on this machine that were started under a lease: all that its keeper keeps, in whatever session
 * and whatever their environment says; and those that carry the lease in their environment (`ORCHESTRATOR_SESSION`,
 * `ORCHESTRATOR_TOKEN`), with what they have started. The calling process is included if it is one of them.
 *
 * @returns null if processes cannot be seen (outside Linux)
 */
export function findLeaseProcesses(lease: CarriedLease): readonly LeaseProcess[] | null {
  if (ownProcess() === null) return null;
  return ProcessScan.make()
    .carriersOf(lease)
    .map((process) => ({ pid: process.pid, start: process.start, command: programOf(process) }));
}

interface ScannedProcess extends ProcessEntry {
  /** `hidden`: its environment cannot be read, and it may carry a lease. */
  readonly carries: CarriedLease | null | 'hidden';
}

/** All living processes at one moment. */
export class ProcessScan {
  readonly #processes: ReadonlyMap<number, ScannedProcess>;

  private constructor(processes: readonly ScannedProcess[]) {
    this.#processes = new Map(processes.map((one) => [one.pid, one]));
  }

  static make(): ProcessScan {
    return new ProcessScan((listProcesses() ?? []).flatMap((pid) => scan(pid)));
  }

  /** What was started under the lease, without the keeper, which is ours. */
  carriersOf({ sessionId, fence, group = 0 }: CarriedLease): readonly ScannedProcess[] {
    const all = [...this.#processes.values()];
    const isCarrier = ({ carries }: ScannedProcess) =>
      isLease(carries) && carries.sessionId === sessionId && carries.fence === fence;
    const carriers = new Set(all.filter(isCarrier).map(({ pid }) => pid));
    const started = withDescendants(all, (one) => (group !== 0 && one.group === group) || carriers.has(one.pid));
    return started.filter((one) => !isKeeper(one));
  }

  /** Whether a descendant of the holder may be alive although its environment does not show it. */
  mayHideOffspringOf(holder: Pick<ProcessIdentity, 'start'>): boolean {
    const isOlder = ({ start }: ProcessEntry) => Number(start) < Number(holder.start);
    return [...this.#processes.values()].some((one) => {
      if (one.carries !== 'hidden' || isOlder(one)) return false;
      // It is no descendant if its group is older than the holder, or the group's leader does not carry the lease.
      const leader = this.#processes.get(one.group);
      return leader === undefined || (leader.carries === 'hidden' && !isOlder(leader));
    });
  }
}

function isLease(carries: ScannedProcess['carries']): carries is CarriedLease {
  return carries !== null && carries !== 'hidden';
}

function scan(pid: number): ScannedProcess[] {
  const carries = leaseOf(pid);
  // Read after its environment: a process that has ended since does not count.
  const entry = readProcess(pid);
  if (entry === null || entry.hasEnded || entry.isKernels) return [];
  if (carries !== 'no memory') return [{ ...entry, carries }];
  // The process is ending and runs nothing more; but with several threads, only the first one may have ended.
  return entry.threads <= 1 ? [] : [{ ...entry, carries: 'hidden' }];
}

function leaseOf(pid: number): ScannedProcess['carries'] | 'no memory' {
  try {
    return leaseIn(readFileSync(`/proc/${pid}/environ`, 'latin1'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return 'no memory';
    return mayBeOurs(pid) ? 'hidden' : null;
  }
}

function leaseIn(environment: string): CarriedLease | null {
  const variables = environment.split('\0');
  const valueOf = (name: string) => variables.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
  const [sessionId, token] = [valueOf('ORCHESTRATOR_SESSION'), valueOf('ORCHESTRATOR_TOKEN')];
  return sessionId === undefined || !token ? null : { sessionId, fence: fenceOf(token) };
}

/** A process of this user only starts processes of this user. The administrator's may belong to any user. */
export function mayBeOurs(pid: number): boolean {
  const own = process.geteuid?.();
  return own === 0 || (readProcessStatus(pid, 'Uid')?.includes(String(own)) ?? false);
}
