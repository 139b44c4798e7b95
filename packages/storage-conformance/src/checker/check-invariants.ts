/**
 * Checks a run by its event log and by the journals of its workers. It does not use the rules that made the log,
 * because a mistake in them would hide itself. It does not read the tables.
 */
import type { Event } from '@agent-orchestrator/core';
import { historyOf, type History, type Tolerances } from './history.ts';
import { fencesGrow } from './i01-fences-grow.ts';
import { noGrantWhileOpen } from './i02-no-grant-while-open.ts';
import { oneClosing } from './i03-one-closing.ts';
import { holdersCarryTheFence } from './i04-holders-carry-the-fence.ts';
import { endsOnce } from './i05-ends-once.ts';
import { oneEffect } from './i06-one-effect.ts';
import { refusedWithoutEffect } from './i07-refused-without-effect.ts';
import { stateIsTheFold } from './i08-state-is-the-fold.ts';
import { chainsHold } from './i09-chains-hold.ts';
import { grantsAddUp } from './i10-grants-add-up.ts';
import { noLeaseEndedEarly } from './i11-no-lease-ended-early.ts';
import { staleLeasesClosed } from './i12-stale-leases-closed.ts';
import { noHeadForgotten } from './i13-no-head-forgotten.ts';
import { followersSeeAll } from './i14-followers-see-all.ts';
import { noOwnReview } from './i15-no-own-review.ts';
import { dependenciesEnded } from './i16-dependencies-ended.ts';
import { oneHolderOfAKey } from './i17-one-holder-of-a-key.ts';
import { noGrantWhenRefused } from './i19-no-grant-when-refused.ts';
import { reviewsAreOpen } from './i20-reviews-are-open.ts';
import { noQuestionLost } from './i21-no-question-lost.ts';
import { reviewsCanBeClaimed } from './i22-reviews-can-be-claimed.ts';
import type { Journal } from '@agent-orchestrator/core/journal';
import type { Violation } from './violation.ts';

export interface CheckedRun {
  /** The whole log, of all namespaces. */
  readonly events: readonly Event[];
  /** One per run of a worker; none to judge the log alone. */
  readonly journals?: readonly Journal[];
  /** How far the clocks of the run may be trusted; none of them at fault by default, commits take at most a second. */
  readonly tolerances?: Partial<Tolerances>;
}

const INVARIANT_CHECKS: readonly ((history: History) => Violation[])[] = [
  fencesGrow,
  noGrantWhileOpen,
  oneClosing,
  holdersCarryTheFence,
  endsOnce,
  oneEffect,
  refusedWithoutEffect,
  stateIsTheFold,
  chainsHold,
  grantsAddUp,
  noLeaseEndedEarly,
  staleLeasesClosed,
  noHeadForgotten,
  followersSeeAll,
  noOwnReview,
  dependenciesEnded,
  oneHolderOfAKey,
  reviewsAreOpen,
  noQuestionLost,
  reviewsCanBeClaimed,
  noGrantWhenRefused,
];

/** @returns what does not hold, by invariant; empty: all is well */
export function checkInvariants({ events, journals = [], tolerances = {} }: CheckedRun): Violation[] {
  const history = historyOf(events, journals, {
    clockStepMs: 0,
    clockSkewMs: 0,
    visibleAfterMs: 1_000,
    uncommittedMs: 0,
    ...tolerances,
  });
  return INVARIANT_CHECKS.flatMap((check) => check(history));
}
