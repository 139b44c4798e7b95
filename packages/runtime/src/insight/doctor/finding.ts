import type { PlaceCheck, Severity } from '@agent-orchestrator/core';

/** The names of the checks. */
export type Check =
  | 'store'
  | PlaceCheck
  | 'clock'
  | 'stale_sessions'
  | 'unclaimed_heads'
  | 'blocked_queues'
  | 'near_misses'
  | 'fenced_agents'
  | 'offspring'
  | 'keys'
  /** Made by programs that set up agent hosts, not by the examination of a store. */
  | 'agent_hosts';

/**
 * The fix that every store has; each storage names its own further ones. No fix takes anything from a live holder.
 */
export const RECOVER_STALE = 'recover_stale';

/** A row that a finding is about. */
export interface Subject {
  readonly namespace: string;
  readonly sessionId: string;
  readonly taskId: string | null;
  readonly agent: string | null;
}

/** What one check found. */
export interface Finding {
  readonly check: Check;
  readonly severity: Severity;
  /** One or two sentences, for people. */
  readonly message: string;
  /** What to do next; null: there is nothing to do. */
  readonly hint: string | null;
  /** How many cases there are, and whether counting stopped there. */
  readonly count: number;
  readonly countCapped: boolean;
  /** The first few of them. */
  readonly subjects: readonly Subject[];
  /** Ids of the events that show it. */
  readonly events: readonly number[];
  /** The fix for it: `recover_stale`, or the storage's own name of one. */
  readonly fix: string | null;
}

/** Refers to an event that shows a finding. The log is only read for findings that are reported. */
export type EvidenceRef =
  /** Its id is known. */
  | { readonly is: 'event'; readonly id: number }
  /** The event of a session that granted a lease or ended it. */
  | {
      readonly is: 'lease';
      readonly namespace: string;
      readonly sessionId: string;
      readonly fence: number;
      readonly effect: 'granted' | 'ended';
      /** The session's last event. The event in question is not far before it. */
      readonly upTo: number;
    }
  /** The event that put a task into its queue. */
  | { readonly is: 'queued'; readonly namespace: string; readonly taskId: string };

/** A finding before its evidenceRefs were looked up. */
export type Draft = Omit<Finding, 'events'> & { readonly evidenceRefs: readonly EvidenceRef[] };

/** Rows and events named in one finding. */
const SHOWN_MAX = 10;

/** Makes a draft; fields that are not given have their defaults. */
export function draft(
  check: Check,
  severity: Severity,
  message: string,
  { subjects = [], evidenceRefs = [], ...further }: Partial<Draft> = {},
): Draft {
  return {
    check,
    severity,
    message,
    hint: null,
    count: subjects.length,
    countCapped: false,
    fix: null,
    ...further,
    subjects: subjects.slice(0, SHOWN_MAX),
    evidenceRefs: evidenceRefs.slice(0, SHOWN_MAX),
  };
}

/** Whether the operator has to act. */
export function needsAttention({ severity }: Pick<Finding, 'severity'>): boolean {
  return severity === 'warning' || severity === 'error';
}
