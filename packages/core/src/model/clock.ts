import { z } from 'zod';
import { OrchestratorError } from './errors.ts';

/**
 * One reading of the machine's clocks, taken together. Milliseconds; `boot` is the kernel's boot id and nothing else.
 * `wall` may be set and may jump; `steady` never goes back and stops while the machine sleeps (CLOCK_MONOTONIC);
 * `uptime` never goes back and continues while it sleeps.
 */
export interface ClockReading {
  readonly wall: number;
  readonly steady: number;
  readonly uptime: number;
  /** null: the clock of a server. It has only a wall clock; `steady` and `uptime` then repeat it. */
  readonly boot: string | null;
}

/** The clocks, injected as one so that tests control time. */
export interface Clock {
  read(): ClockReading;
}

/** A clock jump that was detected and is not yet processed: not all holders have their new deadlines. */
export interface ClockJump {
  /** The authority's time when it was detected; distinguishes one jump from the next. */
  readonly seenAt: number;
  /** How far the wall clock moved beyond the steady one: positive after a sleep or a set forward. */
  readonly byMs: number;
  /** The last held session that got its new deadlines; null before the first page. */
  readonly after: { readonly namespace: string; readonly sessionId: string } | null;
}

/** What the store remembers of its machine's clocks. */
export interface ClockState {
  readonly last: ClockReading | null;
  readonly jump: ClockJump | null;
  /**
   * In a store that was restored or moved: no fence up to this one is granted, because some of them may have been
   * granted after the backup was taken.
   */
  readonly fencesAfter?: number | undefined;
  /**
   * How far fences run ahead of the authority's microseconds. So they are greater than `fencesAfter`, and claims at
   * different times still get different fences by the time alone.
   */
  readonly fencesAhead?: number | undefined;
}

/** Which fences a store may grant. */
export type FenceState = Pick<ClockState, 'fencesAfter' | 'fencesAhead'>;

const storedReading = z.object({
  wall: z.number(),
  steady: z.number(),
  uptime: z.number(),
  boot: z.string().nullable(),
});
const storedJump = z.object({
  seenAt: z.number(),
  byMs: z.number(),
  after: z.object({ namespace: z.string(), sessionId: z.string() }).nullable(),
});
const storedState = z.object({
  last: storedReading.nullable(),
  jump: storedJump.nullable(),
  fencesAfter: z.number().optional(),
  fencesAhead: z.number().optional(),
});

/** The clock state of a store that has recorded no clock yet. */
export const NO_CLOCK: ClockState = { last: null, jump: null };

/**
 * For storages: decodes the stored clock state.
 *
 * @throws `STORE_CORRUPT` if the text is damaged
 */
export function decodeClockState(text: string): ClockState {
  const parsed = storedState.safeParse(decoded(text));
  if (parsed.success) return parsed.data;
  throw new OrchestratorError('STORE_CORRUPT', 'The stored clock state is damaged.');
}

function decoded(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A difference of more than this between wall clock and steady clock, from one reading to the next, is a jump. */
const JUMP_MS = 2_000;

/** The stored reading is replaced by a write when it is older than this. */
const READING_KEPT_MS = 10_000;

/** A clock that was set back by no more than this since a lease was granted may have left no trace in the log. */
export const UNLOGGED_CLOCK_STEP_MS = READING_KEPT_MS + JUMP_MS;

/**
 * Compares a reading with the stored one.
 *
 * @returns the new state to store, or null if nothing has to be written
 */
export function observeClock(state: ClockState, reading: ClockReading): ClockState | null {
  const { last } = state;
  if (last === null) return clockState(reading, state.jump, state);
  if (reading.boot === null) return afterServer(state, last, reading);
  if (last.boot !== reading.boot) return afterBoot(state, last, reading);

  const wallMs = reading.wall - last.wall;
  const steadyMs = reading.steady - last.steady;
  const byMs = wallMs - steadyMs;
  // A jump while an earlier one is processed starts from the first page again: deadlines already moved may be wrong.
  if (Math.abs(byMs) > JUMP_MS)
    return clockState(reading, { seenAt: reading.wall, byMs: Math.round(byMs), after: null }, state);
  return steadyMs >= READING_KEPT_MS ? clockState(reading, state.jump, state) : null;
}

/**
 * After a boot only one thing is sure: a wall clock that went back was wrong before, and so were the deadlines it set.
 */
function afterBoot(state: ClockState, last: ClockReading, reading: ClockReading): ClockState {
  const byMs = reading.wall - last.wall;
  const jump = byMs < -JUMP_MS ? { seenAt: reading.wall, byMs: Math.round(byMs), after: null } : state.jump;
  return clockState(reading, jump, state);
}

/** For a server's clock the greatest time is stored: a time before it is the only jump that can be detected. */
function afterServer(state: ClockState, last: ClockReading, reading: ClockReading): ClockState | null {
  const byMs = reading.wall - last.wall;
  if (byMs < -JUMP_MS) return clockState(reading, { seenAt: reading.wall, byMs: Math.round(byMs), after: null }, state);
  return byMs >= READING_KEPT_MS ? clockState(reading, state.jump, state) : null;
}

/** The clock state to store next; what is known of fences never changes. */
export function clockState(
  last: ClockReading | null,
  jump: ClockJump | null,
  { fencesAfter, fencesAhead }: FenceState,
): ClockState {
  return {
    last,
    jump,
    ...(fencesAfter !== undefined && { fencesAfter }),
    ...(fencesAhead !== undefined && { fencesAhead }),
  };
}

/**
 * For a store that is about to open: all its fences will be greater than `after` and grow with its clock from there.
 *
 * @param now the authority's time in milliseconds
 */
export function fencesBeyond(after: number, now: number): FenceState {
  return { fencesAfter: after, fencesAhead: Math.max(0, after - now * 1_000) };
}

/** The fence up to which none may be granted at a time in microseconds, whatever the log holds. */
export function fencesTakenAt(micros: number, { fencesAfter = 0, fencesAhead = 0 }: FenceState): number {
  return Math.max(fencesAfter, micros + fencesAhead - 1);
}
