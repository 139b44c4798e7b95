/*
 * Which receipts may be deleted: those whose command ids are eight days old by the clock that is furthest behind. That
 * bound is stored, and an id up to it is refused if its receipt is not there. So no command has a second effect,
 * however clocks were set, and whichever became the clock of the store.
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
 * The bound when a reading of the store's clock is stored. A process may have the clock from before a great jump, and
 * not have been seen since: then the bound stays for as long as receipts are kept, and so it does in a new store.
 *
 * @param now the authority's time in milliseconds
 * @param jumpMs how far the store's clock jumped, if it did
 */
export function receiptsAfter(state: ClockState, now: number, jumpMs: number): ForgottenReceipts {
  const { others = [], receipts: { heldUntil = Infinity } = {} } = state;
  const held = Math.abs(jumpMs) > MARGIN_MS ? now + KEPT_MS : Math.min(heldUntil, now + KEPT_MS);
  // After the clock was set back by more than eight days, ids begin anew from the time now.
  const kept = Math.min(forgottenUntil(state), now);
  const behindMs = Math.max(0, ...others.map(({ byMs }) => -byMs));
  return { until: now < held ? kept : Math.max(kept, now - behindMs - KEPT_MS), heldUntil: held };
}
