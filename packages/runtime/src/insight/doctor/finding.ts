import type { PlaceCheck, Severity } from '@agent-orchestrator/core';

/** What was looked at. */
export type Check =
  | 'store'
  | PlaceCheck
  | 'clock'
  | 'stale_sessions'
  | 'unclaimed_heads'
  | 'blocked_queues'
  | 'near_misses'
  | 'fenced_agents';

/**
 * The fix that is the same for every store; the others are the storage's own. Each takes nothing from any live holder.
 */
export const RECOVER_STALE = 'recover_stale';

/** A row that a finding is about. */
export interface Subject {
  readonly namespace: string;
  readonly sessionId: string;
  readonly taskId: string | null;
  readonly agent: string | null;
}

/** What one look found. */
export interface Finding {
  readonly check: Check;
  readonly severity: Severity;
  /** One or two sentences, for people. */
  readonly message: string;
  /** The legal way on; null: there is nothing to do. */
  readonly hint: string | null;
  /** How many it is about, and whether counting stopped there. */
  readonly count: number;
  readonly countCapped: boolean;
  /** The first few of them. */
  readonly subjects: readonly Subject[];
  /** Numbers of the events that show it. */
  readonly events: readonly number[];
  /** What `fix` would do about it: `recover_stale`, or what the storage calls it. */
  readonly fix: string | null;
}

/** An event that shows a finding, and how it is found: the log is looked into only for what is reported. */
export type EvidenceRef =
  /** Its number is known. */
  | { readonly is: 'event'; readonly id: number }
  /** The event of a session that granted a lease or ended it. */
  | {
      readonly is: 'lease';
      readonly namespace: string;
      readonly sessionId: string;
      readonly fence: number;
      readonly effect: 'granted' | 'ended';
      /** The session's last event; the one looked for is not far before it. */
      readonly upTo: number;
    }
  /** The event that put a task where it waits. */
  | { readonly is: 'queued'; readonly namespace: string; readonly taskId: string };

/** A finding before its evidenceRefs were looked up. */
export type Draft = Omit<Finding, 'events'> & { readonly evidenceRefs: readonly EvidenceRef[] };

/** Rows and events named in one finding. */
const SHOWN_MAX = 10;

/** A draft from what is particular about it. */
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

/** Whether it needs somebody. */
export function needsAttention({ severity }: Pick<Finding, 'severity'>): boolean {
  return severity === 'warning' || severity === 'error';
}
