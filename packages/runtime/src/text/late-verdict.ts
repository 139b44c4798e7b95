import { isCounted, isVerdict, type ReleaseOutcome, type TaskStatus } from '@agent-orchestrator/core';

/**
 * Said of a verdict that judged nothing: the round had ended before, by another verdict or with the work. null:
 * the verdict counts, or the outcome is none.
 *
 * @param status of the task that was released
 */
export function lateVerdict(outcome: ReleaseOutcome, status: TaskStatus): string | null {
  if (!isVerdict(outcome) || isCounted(status)) return null;
  return 'The round of this review had ended before, so the verdict judged nothing.';
}
