/*
 * What the keeper of a host does next, as pure functions. It renews while the host lives and its agent works. It parks
 * what is held when nothing was done for long. It gives it back when the host has ended, and nothing that the host
 * started is seen.
 */

import { PARK_AFTER_MS } from '../settings/park-after.ts';
import type { ProgressSigns } from './progress.ts';

/** How long the keeper trusts what it sees, in milliseconds. */
export interface KeeperBounds {
  /** Without any sign of progress for so long, the tasks are parked, if the work in the host can be seen. */
  readonly parkAfterMs: number;
  /** A call of a tool counts as progress for so long; so does all work in a host of which nothing is seen. */
  readonly toolMaxMs: number;
  /** How long the processes of a host that has ended may take to end. */
  readonly offspringEndsWithinMs: number;
  /** For how long nothing of a host may be seen before it counts as ended: one look can miss a process that begins. */
  readonly unseenForMs: number;
}

export const KEEPER_BOUNDS: KeeperBounds = {
  parkAfterMs: PARK_AFTER_MS.default,
  toolMaxMs: 8 * 3_600_000,
  offspringEndsWithinMs: 400,
  unseenForMs: 40,
};

/** What the keeper sees. All times by the steady clock, which stops while the machine sleeps. */
export interface HostSight {
  readonly now: number;
  /** When the host was seen to have ended; null: it lives. */
  readonly hostEndedAt: number | null;
  /** Since when none of the processes that it started is seen alive, after it has ended; null: one is. */
  readonly aloneSince: number | null;
  readonly lastProgressAt: number;
  /** Since when calls of tools are under way; null: none is. */
  readonly toolsSince: number | null;
  /** Whether anything tells what is done between two calls of our own tools. */
  readonly isObserved: boolean;
}

export type KeeperStep =
  /** The leases are renewed. */
  | 'renew'
  /** The host lives, but its agent does not work: give the tasks back. */
  | 'park'
  /** The host has ended: look again soon whether its processes do. */
  | 'wait'
  /** The host has ended, and nothing that it started is seen: give the tasks back at once. */
  | 'give_back'
  /** The host has ended, but not what it started: say so, and let silence decide. */
  | 'leave';

export function nextStep(sight: HostSight, bounds: KeeperBounds): KeeperStep {
  const { now, hostEndedAt, aloneSince } = sight;
  if (hostEndedAt !== null) {
    if (aloneSince !== null) return now - aloneSince < bounds.unseenForMs ? 'wait' : 'give_back';
    return now - hostEndedAt < bounds.offspringEndsWithinMs ? 'wait' : 'leave';
  }
  return idleMs(sight, bounds) < parkAfterMs(sight, bounds) ? 'renew' : 'park';
}

/** After how long without progress the tasks are parked. */
export function parkAfterMs(
  { isObserved }: Pick<HostSight, 'isObserved'>,
  bounds: Pick<KeeperBounds, 'parkAfterMs' | 'toolMaxMs'>,
): number {
  return isObserved ? bounds.parkAfterMs : Math.max(bounds.parkAfterMs, bounds.toolMaxMs);
}

/** For how long nothing was done, in milliseconds. */
export function idleMs({ now, lastProgressAt, toolsSince }: HostSight, { toolMaxMs }: KeeperBounds): number {
  // A call that takes longer than any tool should is no progress from then on.
  const worksUntil =
    toolsSince === null ? lastProgressAt : Math.max(lastProgressAt, Math.min(now, toolsSince + toolMaxMs));
  return Math.max(0, now - worksUntil);
}

/** Follows the signs of progress: each change of their text is progress at the time when it is seen. */
export class ProgressWatch {
  #text: string | null = null;
  #lastAt: number;
  #toolsSince: number | null = null;
  #isObserved = false;

  /** @param now the keeper starts with the first lease: that is progress */
  constructor(now: number) {
    this.#lastAt = now;
  }

  see({ text, isToolRunning, isObserved }: ProgressSigns, now: number): void {
    this.#isObserved = isObserved;
    const isNews = this.#text !== null && this.#text !== text;
    if (isNews) this.#lastAt = now;
    this.#text = text;
    if (!isToolRunning) this.#toolsSince = null;
    // A call that begins while others run is progress, so the time counts from the last one that began or ended.
    else if (this.#toolsSince === null || isNews) this.#toolsSince = now;
  }

  /** What came just now is progress, too. */
  note(now: number): void {
    this.#lastAt = now;
  }

  get sight(): Pick<HostSight, 'lastProgressAt' | 'toolsSince' | 'isObserved'> {
    return { lastProgressAt: this.#lastAt, toolsSince: this.#toolsSince, isObserved: this.#isObserved };
  }
}
