/*
 * Whose clock is that of the store. A store has one clock: that of the last stored reading. A process whose clock
 * differs from it by more than two seconds has
 * - the same clock after a jump, if it saw its own clock jump so, or if the machine slept: the jump is recorded, and
 *   processed before any lease ends;
 * - another clock otherwise: it works by the time of the store, which it knows by the steady clock, and is recorded.
 * When no process with the store's clock stored a reading for two minutes, the store takes the clock of the next
 * process. So processes with that clock store a reading at least once a minute, polls too. The steady clock knows how
 * far the two are apart: all deadlines move by that before another command is decided, and the clock that the store had
 * is another one from then on. So clocks that take turns neither grant time to a dead holder nor take it from a live
 * one.
 *
 * The clock of a server is one clock. There only a time before the stored one shows a jump.
 */
import {
  clockState,
  type ClockJump,
  type ClockReading,
  type ClockState,
  type OtherClock,
  type SeenJump,
} from './clock.ts';
import { receiptsAfter } from './forgotten-receipts.ts';
import { LIMITS } from './limits.ts';

/** A difference of more than this between wall clock and steady clock, from one reading to the next, is a jump. */
const JUMP_MS = 2_000;

/** The stored reading is replaced by a write when it is older than this. */
const READING_KEPT_MS = 10_000;

/** A clock that was set back by no more than this since a lease was granted may have left no trace in the log. */
export const UNLOGGED_CLOCK_STEP_MS = READING_KEPT_MS + JUMP_MS;

/** After so long without a reading by a process with the store's clock, the store takes that of the next process. */
const AUTHORITY_KEPT_MS = 2 * 60_000;

/** A reading that is older than this is replaced by a command that writes nothing else, too: a poll. */
const POLL_KEEPS_MS = AUTHORITY_KEPT_MS / 2;

/** It is recorded anew after so long that a process with another clock is still there. */
const OTHER_RECORDED_MS = 3_600_000;

/** Another clock is forgotten after so long. No command id of it is good any more. */
const OTHER_KEPT_MS = LIMITS.receipt_kept_ms;

/** More are not recorded: a clock that runs at another pace would be another one again and again. */
const OTHERS_MAX = 8;

/**
 * Watches the wall clock of this process, for a `Clock` to tell with each of its readings: only the process itself can
 * tell a jump of the machine's clock from another clock.
 */
export function watchClock(): (reading: WallReading) => readonly SeenJump[] {
  let base: WallReading | null = null;
  let seen: readonly SeenJump[] = [];
  return ({ wall, steady }) => {
    const reading = { wall, steady };
    base ??= reading;
    const byMs = aheadOf(base, reading);
    if (Math.abs(byMs) > JUMP_MS) {
      base = reading;
      seen = [...seen, { steady, byMs }];
    }
    // An older one decides nothing any more: the stored reading is older too, so it gives way.
    if (seen.length > 0) seen = seen.filter((jump) => steady - jump.steady <= AUTHORITY_KEPT_MS);
    return seen;
  };
}

type WallReading = Pick<ClockReading, 'wall' | 'steady'>;

/**
 * For storages: the time of a unit of work in milliseconds. The store has one clock: a process with another one works
 * by the time of the store, which it knows by the steady clock.
 */
export function authorityTime(state: ClockState, reading: ClockReading): number {
  const { last } = state;
  return last !== null && verdictOn(state, last, reading) === 'other'
    ? reading.wall - aheadOf(last, reading)
    : reading.wall;
}

/**
 * Compares a reading with the stored one.
 *
 * @returns the new state to store, or null if nothing has to be written
 */
export function observeClock(state: ClockState, reading: ClockReading): ClockState | null {
  const { last } = state;
  if (last === null) return withReading(state, reading);
  if (reading.boot === null) return afterServer(state, last, reading);
  switch (verdictOn(state, last, reading)) {
    case 'same':
      return reading.steady - last.steady >= READING_KEPT_MS ? withReading(state, reading) : null;
    case 'restarted':
      return afterBoot(state, last, reading);
    case 'jumped':
      return afterJump(state, last, reading);
    case 'other':
      return withOther(state, last, reading);
    case 'taken':
      return afterTaking(state, last, reading);
  }
}

/** Whether the new state is to be stored though the command writes nothing else. */
export function mustBeStored(before: ClockState, after: ClockState): boolean {
  if (after.jump !== before.jump || after.others !== before.others) return true;
  const { last } = after;
  if (before.last === null || last === null || last.boot === null) return false;
  // By the wall clock, which is the only one that two starts of the machine have in common.
  return last.wall - before.last.wall >= POLL_KEEPS_MS;
}

/** The state with a reading of the store's clock, and how far that may have moved beyond the time that passed. */
function withReading(state: ClockState, reading: ClockReading, byMs = 0, jump = state.jump): ClockState {
  const now = Math.floor(reading.wall);
  const others = stillKept(state.others, now);
  return clockState(reading, jump, { ...state, others, receipts: receiptsAfter({ ...state, others }, now, byMs) });
}

/** A jump while an earlier one is processed starts from the first page again: deadlines already moved may be wrong. */
function jumpAt({ wall }: ClockReading, byMs: number): ClockJump {
  return { seenAt: wall, byMs: Math.round(byMs), after: null };
}

/** How far the wall clock moved beyond the steady one between two readings. */
function aheadOf(last: WallReading, reading: WallReading): number {
  return reading.wall - last.wall - (reading.steady - last.steady);
}

/**
 * Whether the machine was started since the stored reading. Another boot id alone does not say so: a container may have
 * one of its own, and an uptime too. It has the steady clock of the machine, which continues. After a start that the
 * steady clock does not show, because the machine has been up for longer than before, the clock is another one, which
 * the store takes: no holder is granted time.
 */
function isRestarted(last: ClockReading, { steady, boot }: ClockReading): boolean {
  return boot !== last.boot && steady - last.steady < -JUMP_MS;
}

/** What a reading says of the clock that the process has. */
function verdictOn(state: ClockState, last: ClockReading, reading: ClockReading): Verdict {
  const { watch, boot, steady } = reading;
  if (boot === null) return 'same';
  if (isRestarted(last, reading)) return 'restarted';
  const byMs = aheadOf(last, reading);
  if (Math.abs(byMs) <= JUMP_MS) return 'same';
  if (watch === undefined || slept(last, reading, byMs) || sawItJump(last, watch, byMs)) return 'jumped';
  // Where the boot id is not known, this is a start of the machine.
  if (steady - last.steady < -JUMP_MS) return 'jumped';
  // No further clock is taken before all deadlines go by this one.
  return steady - last.steady > AUTHORITY_KEPT_MS && state.jump?.taken === undefined ? 'taken' : 'other';
}

/**
 * The clock of the store, after a start of the machine or a jump or not; or another one, which the store takes or not.
 * A process that has just started saw no jump, so it works by the time of the store until that clock gives way.
 */
type Verdict = 'same' | 'restarted' | 'jumped' | 'other' | 'taken';

/** Whether a sleep of the machine explains the difference. */
function slept(last: ClockReading, { steady, uptime }: ClockReading, byMs: number): boolean {
  return Math.abs(byMs - (uptime - last.uptime - (steady - last.steady))) <= JUMP_MS;
}

/** Whether the process had the clock of the store before one of the jumps that it saw after the stored reading. */
function sawItJump(last: ClockReading, watch: readonly SeenJump[], byMs: number): boolean {
  let sinceMs = 0;
  for (const jump of watch.toReversed()) {
    sinceMs += jump.byMs;
    if (jump.steady > last.steady && Math.abs(byMs - sinceMs) <= JUMP_MS) return true;
  }
  return false;
}

/** Another clock is recorded once, and from time to time that it is still there. */
function withOther(state: ClockState, last: ClockReading, reading: ClockReading): ClockState | null {
  const { others = [] } = state;
  const byMs = Math.round(aheadOf(last, reading));
  const seenAt = Math.floor(authorityTime(state, reading));
  const isSame = (other: OtherClock) => Math.abs(other.byMs - byMs) <= JUMP_MS;
  const known = others.find(isSame);
  if (known !== undefined && seenAt - known.seenAt < OTHER_RECORDED_MS) return null;
  const left = stillKept(others, seenAt).filter((other) => !isSame(other));
  if (left.length >= OTHERS_MAX) return null;
  return clockState(last, state.jump, { ...state, others: [...left, { byMs: known?.byMs ?? byMs, seenAt }] });
}

/** The machine's clock jumped, and the others with it. */
function afterJump(state: ClockState, last: ClockReading, reading: ClockReading): ClockState {
  const byMs = aheadOf(last, reading);
  const others = state.others?.map((other) => ({ ...other, seenAt: Math.floor(other.seenAt + byMs) }));
  return withReading({ ...state, others }, reading, byMs, jumpAt(reading, byMs));
}

/** The store takes another clock, so the one that it had is another one. */
function afterTaking(state: ClockState, last: ClockReading, reading: ClockReading): ClockState {
  const byMs = aheadOf(last, reading);
  const others = [...(state.others ?? []), { byMs: 0, seenAt: last.wall }]
    .map((other) => ({ byMs: Math.round(other.byMs - byMs), seenAt: Math.floor(other.seenAt + byMs) }))
    .filter((other) => Math.abs(other.byMs) > JUMP_MS);
  const jump: ClockJump = { ...jumpAt(reading, byMs), ...(state.jump === null && { taken: true }) };
  return withReading({ ...state, others: others.slice(-OTHERS_MAX) }, reading, byMs, jump);
}

/** The same list if nothing is to be forgotten. */
function stillKept(others: readonly OtherClock[] = [], now: number): readonly OtherClock[] {
  const isKept = ({ seenAt }: OtherClock) => now - seenAt < OTHER_KEPT_MS;
  return others.every(isKept) ? others : others.filter(isKept);
}

/**
 * After a boot only one thing is sure: a wall clock that went back was wrong before, and so were the deadlines it set.
 * One that went forward may be wrong, or the machine was off. No process with another clock is left.
 */
function afterBoot(state: ClockState, last: ClockReading, reading: ClockReading): ClockState {
  const byMs = reading.wall - last.wall;
  return withReading(
    { ...state, others: undefined },
    reading,
    byMs,
    byMs < -JUMP_MS ? jumpAt(reading, byMs) : state.jump,
  );
}

/** For a server's clock the greatest time is stored: a time before it is the only jump that can be detected. */
function afterServer(state: ClockState, last: ClockReading, reading: ClockReading): ClockState | null {
  const byMs = reading.wall - last.wall;
  if (byMs < -JUMP_MS) return withReading(state, reading, byMs, jumpAt(reading, byMs));
  return byMs >= READING_KEPT_MS ? withReading(state, reading) : null;
}
