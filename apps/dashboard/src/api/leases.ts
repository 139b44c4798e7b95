import { endOf, isInterrupted, LEASE_ENDS, type LeaseMoment } from '../fold/lease-history.ts';
import type { StoreHistory } from '../fold/store-history.ts';
import type { LeaseFilter } from '@agent-orchestrator/core';
import { numberIn, upTo, type Moment, type PageReads, type Query } from './page-reads.ts';

type LeaseReads = Readonly<{
  follower: PageReads['follower'];
  orchestrator: Pick<PageReads['orchestrator'], 'listLeases'>;
}>;

/** Who held something: a row of the chart. */
interface Holder {
  readonly agent: string;
  readonly host: string;
}

export interface LeasesAnswer {
  /** The shown window, in milliseconds. */
  readonly window: { readonly begin: number; readonly end: number };
  /** From the first lease until now. */
  readonly whole: { readonly begin: number; readonly end: number };
  readonly holders: readonly Holder[];
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
const BINS = 240;
const DAY_MS = 86_400_000;
/** A window has at least this length. */
const SHORTEST_MS = 1_000;

/** Who held what, when: bars where they can be told apart, shares where they cannot. */
export async function readLeases(reads: LeaseReads, { params, moment }: Query): Promise<LeasesAnswer> {
  const { history } = reads.follower;
  const most = { most: Number.MAX_SAFE_INTEGER };
  const last = moment.at;
  const first = (await grantedAt(reads, moment)) ?? last - DAY_MS;
  const end = numberIn(params, 'until', { ...most, otherwise: last });
  const begin = Math.min(numberIn(params, 'from', { ...most, otherwise: end - DAY_MS }), end - SHORTEST_MS);
  const found: LeaseMoment[] = [...history.leases.between(begin, end, moment.ordinal)];
  const holders = holdersIn(found);
  const isMany = found.length > BARS_MAX;
  const interrupted = [...history.leases.interrupted(moment.ordinal)].toSorted((a, b) => a.from - b.from);
  return {
    window: { begin, end },
    whole: { begin: first, end: last },
    holders: holders.list,
    count: found.length,
    interruptions: found.filter(isInterrupted).length,
    refused: found.filter(({ refusedAt }) => refusedAt !== null).length,
    bars: isMany ? null : found.map((lease) => barOf(history, lease, holders.numberOf(lease))),
    tasks: isMany ? [] : namesIn(history, found),
    bins: isMany ? binsOf(found, holders, { begin, end, now: last }) : null,
    overview: overviewOf(history, interrupted, { begin: first, end: last, ordinal: moment.ordinal }),
    previousInterruptionAt: interrupted.findLast(({ from }) => from < begin)?.from ?? null,
    nextInterruptionAt: interrupted.find(({ from }) => from > end)?.from ?? null,
    lastLeaseAt: found.length > 0 ? null : await grantedAt(reads, moment, { before: fenceAt(begin) }),
  };
}

interface Holders {
  readonly list: readonly Holder[];
  readonly numberOf: (lease: LeaseMoment) => number;
}

/** By machine, then by name. */
function holdersIn(found: readonly LeaseMoment[]): Holders {
  const byKey = new Map<string, Holder>();
  for (const lease of found) byKey.set(keyOf(lease), { agent: lease.agent ?? '', host: lease.host ?? '' });
  const keys = [...byKey.keys()].toSorted();
  const numbers = new Map(keys.map((key, number) => [key, number]));
  return {
    list: keys.flatMap((key) => byKey.get(key) ?? []),
    numberOf: (lease) => numbers.get(keyOf(lease)) ?? 0,
  };
}

function keyOf({ agent, host }: LeaseMoment): string {
  return `${host ?? ''}\n${agent ?? ''}`;
}

function kindOf(lease: LeaseMoment): number {
  return LEASE_ENDS.indexOf(endOf(lease));
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

function binsOf(
  found: readonly LeaseMoment[],
  holders: Holders,
  { begin, end, now }: { readonly begin: number; readonly end: number; readonly now: number },
): LeasesAnswer['bins'] {
  const { width, at: binAt } = binsBetween(begin, end);
  const shares = holders.list.map(() => LEASE_ENDS.map(zeros));
  const interruptions = holders.list.map(zeros);
  for (const lease of found) {
    const holder = holders.numberOf(lease);
    const bins = shares[holder]?.[kindOf(lease)];
    const until = Math.min(end, lease.until ?? now);
    const from = Math.max(begin, lease.from);
    if (bins === undefined) continue;
    const last = binAt(until);
    for (let bin = binAt(from); bin <= last; bin += 1) {
      const overlap = Math.min(until, begin + (bin + 1) * width) - Math.max(from, begin + bin * width);
      bins[bin] = (bins[bin] ?? 0) + Math.max(0, overlap) / width;
    }
    const lost = interruptions[holder];
    if (isInterrupted(lease) && lost !== undefined) lost[last] = (lost[last] ?? 0) + 1;
  }
  return { count: BINS, shares: shares.map((kinds) => kinds.map((bins) => bins.map(rounded))), interruptions };
}

const zeros = (): number[] => Array.from({ length: BINS }, () => 0);

/** @returns how long a bin is, and in which bin a time is */
function binsBetween(begin: number, end: number): { readonly width: number; readonly at: (time: number) => number } {
  const width = Math.max(1, end - begin) / BINS;
  return { width, at: (time) => Math.min(BINS - 1, Math.max(0, Math.floor((time - begin) / width))) };
}

function overviewOf(
  { leases }: StoreHistory,
  interrupted: readonly LeaseMoment[],
  { begin, end, ordinal }: { readonly begin: number; readonly end: number; readonly ordinal: number },
): LeasesAnswer['overview'] {
  const bins = binsBetween(begin, end);
  const counts = { leases: zeros(), interruptions: zeros() };
  const count = (counted: number[], time: number) => {
    const bin = bins.at(time);
    counted[bin] = (counted[bin] ?? 0) + 1;
  };
  const granted = leases.countAt(ordinal);
  for (let lease = 0; lease < granted; lease += 1) count(counts.leases, leases.beginOf(lease));
  for (const { from } of interrupted) count(counts.interruptions, from);
  return counts;
}

/** When the first lease was granted, or the last one before a time, in milliseconds. */
async function grantedAt(
  { orchestrator }: LeaseReads,
  moment: Moment,
  page: Pick<LeaseFilter, 'before'> = {},
): Promise<number | null> {
  const { items } = await orchestrator.listLeases({ ...upTo(moment), ...page, limit: 1 });
  return items[0]?.grantedAt ?? null;
}

/** A fence is at least the time of its grant in microseconds. */
function fenceAt(ms: number): string {
  return String(Math.min(Math.max(0, ms * 1_000), Number.MAX_SAFE_INTEGER));
}

function rounded(share: number): number {
  return Math.round(share * 1_000) / 1_000;
}
