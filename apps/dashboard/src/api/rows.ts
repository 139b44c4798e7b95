import type { TaskStatus } from '@agent-orchestrator/core';
import type { TaskMoment, TaskName } from '../fold/task-history.ts';
import { isInterrupted, type LeaseMoment } from '../fold/lease-history.ts';
import type { StoreHistory } from '../fold/store-history.ts';

/** A task in a list. */
export interface TaskRow {
  readonly id: string;
  readonly number: number;
  readonly sessionId: string;
  readonly sessionNumber: number | null;
  readonly kind: string;
  readonly title: string;
  readonly status: TaskStatus;
  readonly handedOff: boolean;
  /** When it became so. */
  readonly changedAt: number;
}

/** A lease in a list. */
export interface LeaseRow {
  /** The event that granted it. */
  readonly eventId: number;
  readonly task: { readonly id: string; readonly number: number; readonly title: string } | null;
  readonly sessionId: string;
  readonly sessionNumber: number | null;
  readonly agent: string | null;
  readonly grantedAt: number;
  readonly endedAt: number | null;
  /** How it ended, as the verb of the event: `succeeded`, `failed`, `recovered`, `taken_over`, … */
  readonly end: string | null;
  readonly interrupted: boolean;
  readonly silentAt: number | null;
  readonly savedAt: number | null;
  readonly refusedAt: number | null;
  readonly nextAgent: string | null;
}

export function taskRow(history: StoreHistory, name: TaskName, moment: TaskMoment): TaskRow {
  const { id, number, sessionId, kind, title } = name;
  return {
    id,
    number,
    sessionId,
    sessionNumber: history.sessionNumber(sessionId),
    kind,
    title,
    status: moment.status,
    handedOff: moment.handedOff,
    changedAt: history.events.timeAt(moment.ordinal),
  };
}

export function leaseRow(history: StoreHistory, lease: LeaseMoment): LeaseRow {
  const task = history.tasks.nameOf(lease.task);
  return {
    eventId: history.events.idAt(lease.grantedOrdinal),
    task: task === null ? null : { id: task.id, number: task.number, title: task.title },
    sessionId: lease.sessionId,
    sessionNumber: history.sessionNumber(lease.sessionId),
    agent: lease.agent,
    grantedAt: lease.from,
    endedAt: lease.until,
    end: lease.endedBy === null ? null : verbOf(lease.endedBy),
    interrupted: isInterrupted(lease),
    silentAt: lease.silentFrom,
    savedAt: lease.savedAt,
    refusedAt: lease.refusedAt,
    nextAgent: lease.nextAgent,
  };
}

/** `task.succeeded` is `succeeded`. */
function verbOf(type: string): string {
  return type.slice(type.indexOf('.') + 1);
}
