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
  /**
   * The jumps of its own wall clock that this process saw in the last minutes, oldest first. Absent: it does not look,
   * and every difference from the stored reading counts as a jump.
   */
  readonly watch?: readonly SeenJump[];
}

/** A jump of the wall clock that one process saw. */
export interface SeenJump {
  /** The steady clock when it saw the jump. */
  readonly steady: number;
  /** How far the wall clock moved beyond the steady one. */
  readonly byMs: number;
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
  /** The store took another clock: nothing jumped, so the deadlines move with it, and no time is granted. */
  readonly taken?: true | undefined;
}

/** Processes of the same machine have another clock than the store. */
export interface OtherClock {
  /** How far it is ahead of the clock of the store; negative: behind it. */
  readonly byMs: number;
  /** The time of the store when it was last recorded that such a process sent a command. */
  readonly seenAt: number;
}

/** Which receipts may be deleted, by the times in their command ids. */
export interface ForgottenReceipts {
  /**
   * Those up to this time; -1: none. A command id of that time or before it is refused, unless its receipt is still
   * there.
   */
  readonly until: number;
  /** `until` stays as it is before this time of the store. */
  readonly heldUntil: number;
}

/** What the store remembers of its machine's clocks. */
export interface ClockState {
  /** The last stored reading of the clock of the store, which is the authority of its time. */
  readonly last: ClockReading | null;
  readonly jump: ClockJump | null;
  /** Other clocks that were seen, each once. */
  readonly others?: readonly OtherClock[] | undefined;
  readonly receipts?: ForgottenReceipts | undefined;
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

const storedReading = z.lazy(() =>
  z.object({
    wall: z.number(),
    steady: z.number(),
    uptime: z.number(),
    boot: z.string().nullable(),
  }),
);
const storedJump = z.lazy(() =>
  z.object({
    seenAt: z.number(),
    byMs: z.number(),
    after: z.object({ namespace: z.string(), sessionId: z.string() }).nullable(),
    taken: z.literal(true).optional(),
  }),
);
const storedOther = z.lazy(() => z.object({ byMs: z.number(), seenAt: z.number() }));
const storedReceipts = z.lazy(() => z.object({ until: z.number(), heldUntil: z.number() }));
const storedState = z.lazy(() =>
  z.object({
    last: storedReading.nullable(),
    jump: storedJump.nullable(),
    others: z.array(storedOther).optional(),
    receipts: storedReceipts.optional(),
    fencesAfter: z.number().optional(),
    fencesAhead: z.number().optional(),
  }),
);

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

/** The clock state to store next; besides the reading and the jump. */
export function clockState(
  last: ClockReading | null,
  jump: ClockJump | null,
  { others = [], receipts, fencesAfter, fencesAhead }: Omit<ClockState, 'last' | 'jump'>,
): ClockState {
  return {
    last: last === null ? null : readingOf(last),
    jump,
    ...(others.length > 0 && { others }),
    ...(receipts !== undefined && { receipts }),
    ...(fencesAfter !== undefined && { fencesAfter }),
    ...(fencesAhead !== undefined && { fencesAhead }),
  };
}

/** What is stored of a reading: what a process has seen of its clock is its own. */
function readingOf({ wall, steady, uptime, boot }: ClockReading): ClockReading {
  return { wall, steady, uptime, boot };
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
