import { OrchestratorError } from '@agent-orchestrator/core';
import { messageOf } from '../text/message-of.ts';
import { isRetryable } from '../work/resend.ts';
import type { RunReason } from './run-result.ts';

/**
 * The errors after which a release may have had its effect. Their own messages speak of "the command", which is here
 * what was run.
 */
const UNKNOWN: ReadonlyMap<string, string> = new Map([
  ['OUTCOME_UNKNOWN', 'The store did not answer every try.'],
  ['STORE_IO', 'The disk reported an error.'],
]);

/**
 * What the failed tries of one release show together. All of them have one command id, or a new one if that had no
 * effect, so any of them may have had the effect: a later try that certainly changed nothing does not show what an
 * earlier one did.
 *
 * An error that ended the tries says why. If the lease ended them, an answer that the journal lacks says most: the
 * store has judged the outcome. Then a try without an answer, then the last error.
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
    if (UNKNOWN.has(code)) this.#unknown = error;
  }

  /** Whether the outcome may have arrived, with nothing that shows it. */
  get outcomeUnknown(): boolean {
    return this.reason !== 'journal_unwritable' && (this.#answered ?? this.#unknown) !== null;
  }

  get reason(): RunReason {
    const code = codeOf(this.#telling);
    if (code === 'JOURNAL_UNWRITABLE') return 'journal_unwritable';
    return code === 'STORE_MOVED' ? 'store_moved' : 'store_unreachable';
  }

  get message(): string {
    const error = this.#telling;
    return UNKNOWN.get(codeOf(error)) ?? messageOf(error);
  }

  get #telling(): unknown {
    return isRetryable(this.#last) ? (this.#answered ?? this.#unknown ?? this.#last) : this.#last;
  }
}

function codeOf(error: unknown): string {
  return error instanceof OrchestratorError ? error.code : '';
}
