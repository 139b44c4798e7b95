import type { EventRecord, Orchestrator } from '@agent-orchestrator/core';
import { firstEvent } from './log-pages.ts';

/*
 * Where in the log a time is. The log has no index of times, and its times need not rise: the clock may have been set.
 *  - It was ahead for a while: those events have times that came again later. The search begins at the end, so it meets
 *    what is right first.
 *  - It was behind for a while: events before that while are of the time, too, although those within it seem older. So
 *    a look back tells whether the clock was set back, and is as late again as it was then, in one step or in several.
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

type TimeReads = Pick<Orchestrator, 'listEvents'>;

/** The first step back from the end of the log, in ids. */
const STEP = 64;
/** So many events before the place that was found are looked at, so often. */
const LOOK_BACK = 100;
const LOOKS_MAX = 8;

/**
 * The id of the last event of a namespace before a time (ms); 0 if there is none. If the clock was set meanwhile, it
 * may be an earlier one. Events from before the clock was set back count as of the time only if
 *  - fewer than a hundred events of the namespace were added while it was behind, and
 *  - the first event behind those that seem older than the time is as late as the last one before the clock was set
 *    back; if there is none, `now` is.
 */
export async function lastEventBefore(reads: TimeReads, { at, now, asOf, namespace }: TimeQuestion): Promise<number> {
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
  readonly reads: TimeReads;
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
 * The event after which the clock was set back, if it is as late again as it was then: else it is right now, and what
 * was before it is older than it seems.
 */
async function whereSetBack({ reads, part }: Log, { found, at, nextAt }: Place): Promise<number | null> {
  if (found === 0) return null;
  const { items } = await reads.listEvents({ ...part, before: String(found + 1), limit: LOOK_BACK });
  const last = items.findLast((event, index) => {
    const next: EventRecord | undefined = items[index - 1];
    return event.at >= at && next !== undefined && next.at < at && event.at <= nextAt;
  });
  return last?.id ?? null;
}
