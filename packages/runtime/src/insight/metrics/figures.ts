import { DEAD_LETTER_STATUSES, type TaskStatus } from '@agent-orchestrator/core';
import { THRESHOLD_NAMES, type ThresholdName } from '../../settings/threshold-names.ts';
import { isInterruption } from './log-fold.ts';
import type { Tally } from './tally.ts';

/** A figure of the proof of concept, made from the metrics of a window. */
export interface Figure {
  readonly name: ThresholdName;
  readonly value: number;
  readonly threshold: number;
  /** Whether it is greater than its threshold. */
  readonly exceeded: boolean;
}

/** For people: what each figure counts. */
export const FIGURES_MEAN: Readonly<Record<ThresholdName, string>> = {
  retry_attempts: 'attempts that failed',
  retry_limit_reached: 'tasks that became dead letters',
  lock_expired: 'held leases that have expired, now',
  duplicate_suppressed: 'duplicate tasks that were not added, counted on this machine',
  stale_recovery_failure_rate: 'share of ended leases that another process had to end',
  dead_letters_open: 'dead letters, now',
  lock_conflict_events: 'calls that were refused because of another holder, counted on this machine',
  orphaned_locks: 'held leases with a silent holder, which no process has recovered, now',
};

/** @param tally of a window: its counters count what happened in it */
export function figuresOf(tally: Tally, thresholds: Readonly<Record<ThresholdName, number>>): readonly Figure[] {
  const ended = tally.sum('leases_ended_total');
  const values: Record<ThresholdName, number> = {
    retry_attempts: tally.sum('leases_ended_total', (_kind, reason) => reason === 'failed'),
    retry_limit_reached: tally.sum('dead_letters_total'),
    lock_expired: tally.sum('leases_expired'),
    duplicate_suppressed: tally.sum('duplicate_suppressed'),
    stale_recovery_failure_rate: shareOf(
      tally.sum('leases_ended_total', (_kind, reason = '') => isInterruption(reason)),
      ended,
    ),
    dead_letters_open: tally.sum('tasks', (_namespace, status) => DEAD_LETTER_STATUSES.includes(status as TaskStatus)),
    lock_conflict_events: tally.sum('lease_conflicts'),
    orphaned_locks: tally.sum('leases_stale'),
  };
  return THRESHOLD_NAMES.map((name) => {
    const [value, threshold] = [values[name], thresholds[name]];
    return { name, value, threshold, exceeded: value > threshold };
  });
}

/** To four digits. */
function shareOf(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 10_000) / 10_000;
}
