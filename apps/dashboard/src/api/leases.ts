import type { LeaseMoment } from '../fold/lease-history.ts';
import type { StoreHistory } from '../fold/store-history.ts';
import { BINS, countsByBin, holdersToShow, keyOf, kindOf, LeaseBins, type Holder } from './lease-bins.ts';
import { numberIn, type PageReads, type Query } from './page-reads.ts';

export interface LeasesAnswer {
  /** The shown window, in milliseconds. */
  readonly window: { readonly begin: number; readonly end: number };
  /** From the first lease until now. */
  readonly whole: { readonly begin: number; readonly end: number };
  readonly holders: readonly Holder[];
  /** So many others held something, too: there are too many for a row each. */
  readonly holdersLeftOut: number;
  /** Of all holders. */
  readonly count: number;
  readonly interruptions: number;
  readonly refused: number;
  /**
   * One for each lease: holder, from, until (-1: held), kind, event, silent from (-1: no), refused at (-1: no), task.
   * Times are milliseconds. null: there are too many, and `bins` has their shares.
   */
  readonly bars: readonly (readonly number[])[] | null;
  /** The task numbers and titles that bars name by their last number. */
  readonly tasks: readonly (readonly [number: number, title: string])[];
  /** For each holder the held share of each bin, by kind; and the interruptions in it. */
  readonly bins: Readonly<{
    count: number;
    shares: readonly (readonly (readonly number[])[])[];
    interruptions: readonly (readonly number[])[];
  }> | null;
  /** Of the whole time: leases and interruptions by bin. */
  readonly overview: { readonly leases: readonly number[]; readonly interruptions: readonly number[] };
  /** The begins of interrupted leases near the window, for the keys that go from one to the next. */
  readonly previousInterruptionAt: number | null;
  readonly nextInterruptionAt: number | null;
  /** The last lease, if the window has none. */
  readonly lastLeaseAt: number | null;
}

/** More bars than this are not told from each other on a screen. */
const BARS_MAX = 2_000;
const DAY_MS = 86_400_000;
/** The last moment that a date can name. */
const LATEST_MS = 8_640_000_000_000_000;
/** A window has at least this length. */
const SHORTEST_MS = 1_000;

/** Who held what, when: bars where they can be told apart, shares where they cannot. It asks the store nothing. */
export function readLeases(
  { follower: { history } }: Pick<PageReads, 'follower'>,
  { params, moment }: Query,
): LeasesAnswer {
  const { leases } = history;
  const { ordinal, at: last } = moment;
  const agent = params.get('agent') || null;
  const begins = [...leases.begins(ordinal, agent)];
  const [first = last - DAY_MS] = begins;
  const { begin, end } = windowIn(params, first, last);
  const inWindow = () => leases.between({ from: begin, until: end }, ordinal, agent);
  const { keys: shown, leftOut } = holdersToShow(inWindow());
  const bins = new LeaseBins({ begin, end }, last, shown);
  const kept: LeaseMoment[] = [];
  for (const lease of inWindow()) {
    bins.add(lease);
    if (kept.length <= BARS_MAX && shown.has(keyOf(lease))) kept.push(lease);
  }
  const { count, interruptions, refused, holders, numbers } = bins;
  const isMany = kept.length > BARS_MAX;
  const whole = { begin: first, end: last };
  const lost = [...leases.interrupted(ordinal, agent)].map(({ from }) => from).toSorted((a, b) => a - b);
  return {
    window: { begin, end },
    whole,
    holders,
    holdersLeftOut: leftOut,
    count,
    interruptions,
    refused,
    bars: isMany ? null : kept.map((lease) => barOf(history, lease, numbers.get(keyOf(lease)) ?? 0)),
    tasks: isMany ? [] : namesIn(history, kept),
    bins: isMany ? { count: BINS, shares: bins.shares, interruptions: bins.interruptionsByBin } : null,
    overview: {
      leases: countsByBin(whole, begins),
      interruptions: countsByBin(whole, lost),
    },
    previousInterruptionAt: lost.findLast((from) => from < begin) ?? null,
    nextInterruptionAt: lost.find((from) => from > end) ?? null,
    lastLeaseAt: count > 0 ? null : (begins.findLast((from) => from < begin) ?? null),
  };
}

/**
 * The window that is asked for; the last day, or all that there is of it, if none is. It may begin before the first
 * lease, so that this one can be in its middle; from 0 it begins with the first lease.
 */
function windowIn(params: URLSearchParams, first: number, last: number): LeasesAnswer['window'] {
  const end = numberIn(params, 'until', { most: LATEST_MS, otherwise: last });
  const otherwise = Math.max(end - DAY_MS, Math.min(first, end));
  const from = numberIn(params, 'from', { most: LATEST_MS, otherwise });
  return { begin: Math.min(from === 0 ? first : from, end - SHORTEST_MS), end };
}

function barOf(history: StoreHistory, lease: LeaseMoment, holder: number): readonly number[] {
  const { from, until, grantedOrdinal, silentFrom, refusedAt, task } = lease;
  const eventId = history.events.idAt(grantedOrdinal);
  return [holder, from, until ?? -1, kindOf(lease), eventId, silentFrom ?? -1, refusedAt ?? -1, task];
}

/** By the numbers of tasks in the history. */
function namesIn({ tasks }: StoreHistory, found: readonly LeaseMoment[]): LeasesAnswer['tasks'] {
  const known = new Set(found.map(({ task }) => task));
  return [...known].map((task) => [task, `t${tasks.nameOf(task)?.number ?? ''} ${tasks.nameOf(task)?.title ?? ''}`]);
}
