import type { LogMistake } from '../fold/log-check.ts';
import type { Verified } from '../verify/verifier.ts';
import type { PageReads, Query } from './page-reads.ts';
import { leaseRow, type LeaseRow } from './rows.ts';

export interface TrustAnswer {
  /** Every event up to this one continues its chain, and may follow on what was before. */
  readonly checkedId: number;
  readonly mistakes: readonly LogMistake[];
  readonly mistakeCount: number;
  /** Of so many sessions only the chain was checked: they are too large for more. */
  readonly chainOnly: number;
  /** The last comparison of the log with the state. */
  readonly verified: Verified;
  readonly leases: number;
  readonly grantedWhileHeld: readonly number[];
  readonly succeeded: number;
  /** Events of tasks that succeeded again, though no retry came between. */
  readonly doneTwice: readonly number[];
  /** The late writes that were refused, the newest first. */
  readonly refused: readonly RefusedRow[];
  readonly refusedCount: number;
  /** Leases that were interrupted: what was done since the last checkpoint may be done again. The newest first. */
  readonly repeats: readonly LeaseRow[];
  readonly repeatCount: number;
}

/** A lease, and one of the late writes of its former holder. */
interface RefusedRow extends LeaseRow {
  /** The event of the refusal. */
  readonly refusedId: number;
}

const SHOWN = 100;

/** Whether anything was done twice, and whether the log can be believed. */
export async function readTrust(
  { follower }: Pick<PageReads, 'follower'>,
  { moment }: Pick<Query, 'moment'>,
  verified: Verified,
): Promise<TrustAnswer> {
  const { history, check } = follower;
  const { leases, tasks, events } = history;
  const upTo = (ordinals: readonly number[]) =>
    ordinals.filter((ordinal) => ordinal <= moment.ordinal).map((ordinal) => events.idAt(ordinal));
  const late = leases.late.filter(({ ordinal }) => ordinal <= moment.ordinal);
  const refused = late.slice(-SHOWN).flatMap(({ lease, ordinal, at }) => {
    const then = leases.momentOf(lease, moment.ordinal);
    return then === null ? [] : { ...leaseRow(history, then), refusedAt: at, refusedId: events.idAt(ordinal) };
  });
  const repeats = [...leases.interrupted(moment.ordinal)];
  return {
    checkedId: check.checkedId,
    mistakes: check.mistakes,
    mistakeCount: check.mistakeCount,
    chainOnly: check.chainOnlyCount,
    verified,
    leases: leases.countAt(moment.ordinal),
    grantedWhileHeld: upTo(leases.grantedWhileHeld),
    succeeded: tasks.totals(moment.ordinal, moment.at).counts.succeeded,
    doneTwice: upTo(tasks.doneTwice),
    refused: refused.toReversed(),
    refusedCount: late.length,
    repeats: repeats
      .slice(-SHOWN)
      .toReversed()
      .map((lease) => leaseRow(history, lease)),
    repeatCount: repeats.length,
  };
}
