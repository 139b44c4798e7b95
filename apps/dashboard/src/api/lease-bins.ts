import { endOf, isInterrupted, LEASE_ENDS, type LeaseMoment } from '../fold/lease-history.ts';

/** Parts of a stretch of time: on a screen, more are not told from each other. */
export const BINS = 240;

/** Who held something: a row of the chart. */
export interface Holder {
  readonly agent: string;
  readonly host: string;
}

/** A stretch of time, in milliseconds. */
export interface Stretch {
  readonly begin: number;
  readonly end: number;
}

interface Row {
  readonly holder: Holder;
  /** The held share of each bin, by how the leases ended. */
  readonly shares: readonly Float64Array[];
  readonly interruptions: Float64Array;
}

/** Rows of the chart. A store may have seen thousands of agents: each run may have a name of its own. */
const HOLDERS_MAX = 100;

/**
 * The holders that get a row, by their keys: of too many those that hold something, then those that were granted a
 * lease last.
 *
 * @param leases in the order in which they were granted
 */
export function holdersToShow(leases: Iterable<LeaseMoment>): {
  readonly keys: ReadonlySet<string>;
  readonly leftOut: number;
} {
  const holds = new Map<string, boolean>();
  for (const lease of leases) {
    const key = keyOf(lease);
    const isHolding = lease.until === null || holds.get(key) === true;
    // The one that is set last is last.
    holds.delete(key);
    holds.set(key, isHolding);
  }
  const ordered = [...holds].toSorted(([, a], [, b]) => Number(a) - Number(b)).map(([key]) => key);
  const keys = new Set(ordered.slice(-HOLDERS_MAX));
  return { keys, leftOut: holds.size - keys.size };
}

/** The leases of a stretch of time, added up one by one: of a long one, there are too many to keep. */
export class LeaseBins {
  readonly #stretch: Stretch;
  readonly #now: number;
  /** The keys of the holders that have a row. The leases of others are counted alone. */
  readonly #shown: ReadonlySet<string>;
  readonly #bins: Bins;
  readonly #rows = new Map<string, Row>();
  count = 0;
  interruptions = 0;
  refused = 0;

  constructor(stretch: Stretch, now: number, shown: ReadonlySet<string>) {
    this.#stretch = stretch;
    this.#now = now;
    this.#shown = shown;
    this.#bins = binsOf(stretch);
  }

  add(lease: LeaseMoment): void {
    this.count += 1;
    if (lease.refusedAt !== null) this.refused += 1;
    if (isInterrupted(lease)) this.interruptions += 1;
    if (!this.#shown.has(keyOf(lease))) return;
    const row = this.#rowOf(lease);
    const until = Math.min(this.#stretch.end, lease.until ?? this.#now);
    this.#share(row.shares[kindOf(lease)], Math.max(this.#stretch.begin, lease.from), until);
    if (isInterrupted(lease)) add(row.interruptions, this.#bins.at(until), 1);
  }

  /** By machine, then by name. */
  get holders(): readonly Holder[] {
    return this.#sorted.map(([, { holder }]) => holder);
  }

  /** Numbers of rows, by the keys of leases. */
  get numbers(): ReadonlyMap<string, number> {
    return new Map(this.#sorted.map(([key], number) => [key, number]));
  }

  get shares(): readonly (readonly (readonly number[])[])[] {
    return this.#sorted.map(([, { shares }]) => shares.map((bins) => Array.from(bins, rounded)));
  }

  get interruptionsByBin(): readonly (readonly number[])[] {
    return this.#sorted.map(([, { interruptions }]) => [...interruptions]);
  }

  get #sorted(): readonly (readonly [string, Row])[] {
    return [...this.#rows].toSorted(([a], [b]) => (a < b ? -1 : 1));
  }

  #rowOf(lease: LeaseMoment): Row {
    const key = keyOf(lease);
    const known = this.#rows.get(key);
    if (known !== undefined) return known;
    const holder = { agent: lease.agent ?? '', host: lease.host ?? '' };
    const made = { holder, shares: LEASE_ENDS.map(zeros), interruptions: zeros() };
    this.#rows.set(key, made);
    return made;
  }

  #share(bins: Float64Array | undefined, from: number, until: number): void {
    const { width, at } = this.#bins;
    const last = at(until);
    for (let bin = at(from); bin <= last; bin += 1) {
      const begin = this.#stretch.begin + bin * width;
      add(bins, bin, Math.max(0, Math.min(until, begin + width) - Math.max(from, begin)) / width);
    }
  }
}

/** How long a bin is, and in which bin a time is. */
interface Bins {
  readonly width: number;
  readonly at: (time: number) => number;
}

function binsOf({ begin, end }: Stretch): Bins {
  const width = Math.max(1, end - begin) / BINS;
  return { width, at: (time) => Math.min(BINS - 1, Math.max(0, Math.floor((time - begin) / width))) };
}

/** How many of some times are in each bin. */
export function countsByBin(stretch: Stretch, times: Iterable<number>): readonly number[] {
  const bins = binsOf(stretch);
  const counts = zeros();
  for (const time of times) add(counts, bins.at(time), 1);
  return [...counts];
}

export function keyOf({ agent, host }: LeaseMoment): string {
  return `${host ?? ''}\n${agent ?? ''}`;
}

export function kindOf(lease: LeaseMoment): number {
  return LEASE_ENDS.indexOf(endOf(lease));
}

function zeros(): Float64Array {
  return new Float64Array(BINS);
}

function add(bins: Float64Array | undefined, bin: number, value: number): void {
  if (bins !== undefined) bins[bin] = (bins[bin] ?? 0) + value;
}

function rounded(share: number): number {
  return Math.round(share * 1_000) / 1_000;
}
