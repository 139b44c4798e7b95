/*
 * Which receipts may be deleted: those whose command ids are eight days old by the clock that is furthest behind. That
 * bound is stored, and an id up to it is refused if its receipt is not there. So no command has a second effect,
 * whichever clock became that of the store, and though it was set or the machine started.
 *
 * One case remains. A clock was days ahead for so long that receipts were deleted: on a machine for eight days, on a
 * server, where nothing shows it, for a moment. Then it was set back to a time less than an hour before that of an id.
 * The id is then that of a process whose clock is a little ahead, and it is accepted.
 */
import type { ClockState, ForgottenReceipts } from './clock.ts';
import { LIMITS } from './limits.ts';

const KEPT_MS = LIMITS.receipt_kept_ms;

/** Ids of a clock that is behind by no more than this are too old before their receipts are. */
const MARGIN_MS = KEPT_MS - LIMITS.command_id_age_ms_max;

/** Before the time of any id: no receipt may be deleted. */
const NONE = -1;

/** The greatest time of ids whose receipts may be deleted. */
export function forgottenUntil({ receipts }: ClockState): number {
  return receipts?.until ?? NONE;
}

/**
 * The bound when a reading of the store's clock is stored. After a great jump, that clock may be wrong, or a process
 * may have the one from before, and not have been seen since: then the bound stays for as long as receipts are kept,
 * and so it does in a new store. A further jump meanwhile does not prolong that: a machine that is off each weekend
 * would keep all receipts.
 *
 * @param now the authority's time in milliseconds
 * @param jumpMs how far the store's clock may have jumped
 */
export function receiptsAfter(state: ClockState, now: number, jumpMs: number): ForgottenReceipts {
  const { others = [], receipts: { heldUntil = Infinity } = {} } = state;
  const isAnew = now >= heldUntil && Math.abs(jumpMs) > MARGIN_MS;
  const held = isAnew ? now + KEPT_MS : Math.min(heldUntil, now + KEPT_MS);
  // After the clock was set back by more than eight days, ids begin anew from the time now.
  const kept = Math.min(forgottenUntil(state), now);
  const behindMs = Math.max(0, ...others.map(({ byMs }) => -byMs));
  return { until: now < held ? kept : Math.max(kept, now - behindMs - KEPT_MS), heldUntil: held };
}
