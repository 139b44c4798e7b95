import type { EventType, TaskStatus } from '@agent-orchestrator/core';
import type { OldestClaimable } from '@agent-orchestrator/runtime';
import type { CommandLine } from './commands.ts';

/** What a person may have to do, the most urgent first. */
export const NEED_GROUPS = [
  'question',
  'review',
  'hand_off',
  'dead_letter',
  'silent',
  'cancellation',
  'blocked',
  'refused',
] as const;

export type NeedGroup = (typeof NEED_GROUPS)[number];

/** One thing that needs a person. What agents wrote is in `title` and `text`. */
export interface NeedRow {
  readonly taskId: string | null;
  readonly number: number | null;
  readonly title: string | null;
  readonly sessionId: string | null;
  readonly agent: string | null;
  readonly at: number | null;
  readonly text: string | null;
  readonly eventId: number | null;
  readonly commands: readonly CommandLine[];
}

export interface Need {
  readonly group: NeedGroup;
  readonly count: number;
  /** The first of them. */
  readonly rows: readonly NeedRow[];
}

export interface WorkingRow {
  readonly taskId: string | null;
  readonly number: number | null;
  readonly title: string | null;
  readonly sessionId: string;
  readonly sessionNumber: number | null;
  readonly agent: string | null;
  readonly startedAt: number | null;
  /** What the holder said that it does next. */
  readonly nextAction: string | null;
  /** null in the past: heartbeats are not in the log. */
  readonly heartbeatAt: number | null;
  readonly stale: boolean;
}

export interface NowAnswer {
  readonly needs: readonly Need[];
  readonly working: readonly WorkingRow[];
  readonly workingCount: number;
  readonly tasks: Readonly<Record<TaskStatus, number>>;
  /** The task that has waited for a claim for the longest, if one waits; null: this is the past. */
  readonly oldestClaimable: OldestClaimable | null;
  /** The scheduled task that is due next; null: none is. */
  readonly nextDue: {
    readonly task: { readonly id: string; readonly number: number; readonly title: string };
    readonly at: number;
  } | null;
  readonly lastEvent: { readonly id: number; readonly at: number; readonly type: EventType | null } | null;
  /** What happened after the event `seen`; null: it was not asked. */
  readonly sinceSeen: Readonly<{ events: number; succeeded: number; failed: number; interrupted: number }> | null;
}
