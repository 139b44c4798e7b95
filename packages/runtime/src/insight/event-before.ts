import type { EventRecord } from '@agent-orchestrator/core';
import { firstEvent, type LogReads } from './log-pages.ts';

/*
 * Where in the log a time is. The log has no index of times, and its times need not rise: the clock may have been set.
 *  - It was ahead for a while: those events have times that came again later. The search begins at the end, so it meets
 *    what is right first.
 *  - It was behind for a while: events before that while are of the time, too, although those within it seem older. So
 *    a look back tells whether the clock was set back and, by as much, forward again.
 */

export interface TimeQuestion {
  /** In milliseconds. */
  readonly at: number;
  /** The authority's time. */
  readonly now: number;
  /** The last event that counts. */
  readonly asOf: number;
  readonly namespace?: string;
}

/** The first step back from the end of the log, in ids. */
const STEP = 64;
/** So many ids before the place that was found are looked at, so often. */
const LOOK_BACK = 100;
const LOOKS_MAX = 8;

/**
 * The id of the last event of a namespace before a time (ms); 0 if there is none. If the clock was set meanwhile, it
 * may be an earlier one: no event of the time is left out, if the clock was behind for fewer than a hundred events.
 */
export async function lastEventBefore(reads: LogReads, { at, now, asOf, namespace }: TimeQuestion): Promise<number> {
  const part = namespace === undefined ? {} : { namespace };
  const log: Log = { reads, part };
  let found = await nearestBefore(log, at, asOf);
  const next = await firstEvent(reads, { ...part, after: found, upTo: asOf });
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const setBackAt = await whereSetBack(log, { found, at, nextAt: next?.at ?? now });
    if (setBackAt === null) break;
    found = await nearestBefore(log, at, setBackAt);
  }
  return found;
}

interface Log {
  readonly reads: LogReads;
  readonly part: { readonly namespace?: string };
}

/** By steps back that grow, until an event is before the time, and by a binary search from there. */
async function nearestBefore({ reads, part }: Log, at: number, end: number): Promise<number> {
  let [before, notBefore] = [0, end];
  for (let step = STEP; step < end; step *= 2) {
    const next = await firstEvent(reads, { ...part, after: end - step, upTo: notBefore });
    if (next !== null && next.at < at) {
      before = next.id;
      break;
    }
    notBefore = end - step;
  }
  while (before < notBefore) {
    const middle = Math.floor((before + notBefore) / 2);
    const next = await firstEvent(reads, { ...part, after: middle, upTo: notBefore });
    if (next === null || next.at >= at) notBefore = middle;
    else before = next.id;
  }
  return before;
}

interface Place {
  /** The event that was found. */
  readonly found: number;
  readonly at: number;
  /** Of the event after it. */
  readonly nextAt: number;
}

/**
 * The event after which the clock was set back, if it has gone forward by as much again since: else it is right now,
 * and what was before it is older than it seems.
 */
async function whereSetBack({ reads, part }: Log, { found, at, nextAt }: Place): Promise<number | null> {
  if (found === 0) return null;
  const after = String(Math.max(0, found - LOOK_BACK));
  const { items } = await reads.listEvents({ ...part, after, upTo: found, limit: LOOK_BACK });
  const forward = nextAt - (items.at(-1)?.at ?? nextAt);
  const last = items.find((event, index) => {
    const next: EventRecord | undefined = items[index + 1];
    return event.at >= at && next !== undefined && next.at < at && event.at - next.at <= forward;
  });
  return last?.id ?? null;
}
