/**
 * Tasks, holders and leases as the answers to `why` show them: in brief.
 */
import type { Event } from '../log/events.ts';
import type { HeldSession, ProcessIdentity } from '../model/lease.ts';
import type { Task } from '../model/task.ts';

/** The fields of a task that matter for a claim. */
export type TaskInBrief = Pick<
  Task,
  | 'id'
  | 'number'
  | 'sessionId'
  | 'kind'
  | 'title'
  | 'priority'
  | 'status'
  | 'runAt'
  | 'assignee'
  | 'role'
  | 'attempt'
  | 'attemptsMax'
  | 'interruptions'
  | 'interruptionsMax'
  | 'handedOffBy'
  | 'handedOffAt'
  | 'returnAt'
  | 'returnedFrom'
>;

/** A lease, and its holder's process if known. Times in milliseconds. */
export interface HolderInBrief {
  readonly sessionId: string;
  readonly taskId: string;
  readonly agent: string;
  readonly instance: string | null;
  readonly fence: number;
  readonly expiresAt: number;
  readonly heartbeatAt: number;
  readonly staleAt: number;
  readonly nearMisses: number;
  readonly renewals: number;
  readonly process: ProcessIdentity | null;
}

/** A lease that was granted; it may be over. */
export interface LeaseInBrief {
  readonly sessionId: string;
  readonly fence: number;
  readonly agent: string | null;
  readonly instance: string | null;
  /** When it was granted, in milliseconds. `eventId` is the event that granted it. */
  readonly at: number;
  readonly eventId: number;
}

const LEASES_SHOWN = 5;

export function taskInBrief(task: Task): TaskInBrief {
  const { id, number, sessionId, kind, title, priority, status, runAt, assignee, role } = task;
  const { attempt, attemptsMax, interruptions, interruptionsMax } = task;
  const { handedOffBy, handedOffAt, returnAt, returnedFrom } = task;
  return {
    id,
    number,
    sessionId,
    kind,
    title,
    priority,
    status,
    runAt,
    assignee,
    role,
    attempt,
    attemptsMax,
    interruptions,
    interruptionsMax,
    handedOffBy,
    handedOffAt,
    returnAt,
    returnedFrom,
  };
}

export function holderInBrief(session: HeldSession): HolderInBrief {
  const { host, boot, pid, processStart: start, processGroup } = session;
  return {
    sessionId: session.id,
    taskId: session.taskId,
    agent: session.agent,
    instance: session.instance,
    fence: session.fence,
    expiresAt: session.leaseExpiresAt,
    heartbeatAt: session.heartbeatAt,
    staleAt: session.staleAt,
    nearMisses: session.nearMisses,
    renewals: session.renewals,
    process:
      host !== null && boot !== null && pid !== null && start !== null
        ? { host, boot, pid, start, group: processGroup ?? undefined }
        : null,
  };
}

/** The last leases in the history of a task, newest first. */
export function leasesIn(history: readonly Event[]): LeaseInBrief[] {
  const grants = history.filter(({ leaseEffect }) => leaseEffect === 'granted').slice(-LEASES_SHOWN);
  return grants.toReversed().map(({ sessionId, fence, agent, instance, at, id }) => ({
    sessionId: sessionId ?? '',
    fence: fence ?? 0,
    agent,
    instance,
    at,
    eventId: id,
  }));
}
