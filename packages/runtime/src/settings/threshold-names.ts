/*
 * The figures of the proof of concept, with its thresholds and its variables. What each figure counts here is in
 * `insight/metrics/figures.ts`.
 */
export const THRESHOLDS = {
  retry_attempts: { value: 20, variables: ['METRICS_THRESHOLD_RETRY_ATTEMPTS'] },
  retry_limit_reached: { value: 1, variables: ['METRICS_THRESHOLD_RETRY_LIMIT_REACHED'] },
  lock_expired: { value: 3, variables: ['METRICS_THRESHOLD_LOCK_EXPIRED'] },
  duplicate_suppressed: { value: 5, variables: ['METRICS_THRESHOLD_DUPLICATE_SUPPRESSED'] },
  stale_recovery_failure_rate: {
    value: 0.15,
    variables: ['METRICS_THRESHOLD_STALE_RECOVERY_FAILURE_RATE', 'METRICS_THRESHOLD_STALE_FAILURE_RATE'],
  },
  dead_letters_open: { value: 2, variables: ['METRICS_THRESHOLD_DEAD_LETTERS_OPEN'] },
  lock_conflict_events: { value: 220, variables: ['METRICS_THRESHOLD_LOCK_CONFLICT_EVENTS'] },
  orphaned_locks: { value: 0, variables: ['METRICS_THRESHOLD_ORPHANED_LOCKS'] },
} as const satisfies Record<string, { readonly value: number; readonly variables: readonly string[] }>;

/** The name of a figure, and of its threshold. */
export type ThresholdName = keyof typeof THRESHOLDS;

/** In the order in which they are shown. */
export const THRESHOLD_NAMES = Object.keys(THRESHOLDS) as [ThresholdName, ...ThresholdName[]];
