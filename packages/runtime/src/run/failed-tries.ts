import { OrchestratorError } from '@agent-orchestrator/core';
import type { RunReason } from './run-result.ts';

/** In place of the message of OUTCOME_UNKNOWN, which speaks of "the command": here that is what was run. */
const NO_ANSWER = 'The store did not answer.';

/**
 * What the failed tries of one release show together. All of them have one command id, so any of them may have had the
 * effect.
 *
 * If the store answered any of them, it has the outcome, and only the journal lacks it. Otherwise, the outcome is
 * unknown as soon as it is unknown of any try: a later try that certainly changed nothing does not show what the
 * earlier one did.
 */
export class FailedTries {
  /** The store answered this try, but the answer is not in the journal. */
  #answered: unknown = null;
  #unknown: unknown = null;
  #last: unknown = null;

  add(error: unknown): void {
    this.#last = error;
    const code = codeOf(error);
    if (code === 'JOURNAL_UNWRITABLE') this.#answered = error;
    if (code === 'OUTCOME_UNKNOWN') this.#unknown = error;
  }

  get outcomeUnknown(): boolean {
    return this.#answered === null && this.#unknown !== null;
  }

  get reason(): RunReason {
    const code = codeOf(this.#telling);
    if (code === 'JOURNAL_UNWRITABLE') return 'journal_unwritable';
    return code === 'STORE_MOVED' ? 'store_moved' : 'store_unreachable';
  }

  get message(): string {
    const error = this.#telling;
    return codeOf(error) === 'OUTCOME_UNKNOWN' ? NO_ANSWER : messageOf(error);
  }

  /** The error that tells most: the store's answer, then an error that ended the tries, then a missing answer. */
  get #telling(): unknown {
    if (this.#answered !== null) return this.#answered;
    return isRetryable(this.#last) ? (this.#unknown ?? this.#last) : this.#last;
  }
}

export function isRetryable(error: unknown): boolean {
  return error instanceof OrchestratorError && error.retryable;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): string | null {
  return error instanceof OrchestratorError ? error.code : null;
}
