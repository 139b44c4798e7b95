import type { LeasesAnswer } from '../../api/leases.ts';
import type { LEASE_ENDS } from '../../fold/lease-history.ts';
import type { Wire } from '../state/wire.ts';

/** The answer that the chart draws. */
export type Leases = Wire<LeasesAnswer>;

/** The kinds of bars, by their numbers in the answer. */
export const KINDS: typeof LEASE_ENDS = ['succeeded', 'failed', 'interrupted', 'running', 'other'];

/** One lease on the chart. Times are milliseconds; -1: not. */
export interface Bar {
  readonly from: number;
  readonly until: number;
  readonly kind: number;
  readonly eventId: number;
  readonly silent: number;
  readonly refused: number;
  readonly name: string;
  /** Which of the lanes of its row. */
  readonly lane: number;
}

interface Row {
  readonly label: string;
  readonly bars: readonly Bar[];
  readonly lanes: number;
  readonly top: number;
  readonly height: number;
}

export interface Layout {
  readonly rows: readonly Row[];
  readonly labelWidth: number;
  readonly height: number;
}

export const AXIS = 24;
export const LANE = 16;
export const LABEL = 18;
const PAD = 6;
/** Beside the rows, names have as much room as the longest needs, within these. */
const LABEL_WIDTHS = { least: 100, most: 300 };
export const LABEL_MARGIN = 10;
/** Below this, labels are above their rows. */
const NARROW = 640;
const BINS_HEIGHT = 44;
const LANES_MAX = 6;

/**
 * Where each row and each bar is, top to bottom.
 *
 * @param widthOf how wide a text is, as it is drawn: letters are not of one width, and Korean ones take twice as much
 */
export function layoutOf(answer: Leases, width: number, widthOf: (text: string) => number): Layout {
  const isNarrow = width < NARROW;
  const names = new Map(answer.tasks);
  const bars = answer.holders.map(() => [] as Omit<Bar, 'lane'>[]);
  for (const [
    holder = 0,
    from = 0,
    until = -1,
    kind = 0,
    eventId = 0,
    silent = -1,
    refused = -1,
    task = -1,
  ] of answer.bars ?? [])
    bars[holder]?.push({ from, until, kind, eventId, silent, refused, name: names.get(task) ?? '' });
  let top = AXIS;
  const rows = answer.holders.map(({ agent, host }, index) => {
    const placed = inLanes(bars[index] ?? []);
    const label = host === '' ? agent : `${agent} · ${host}`;
    const lanes = Math.max(1, Math.min(LANES_MAX, Math.max(0, ...placed.map(({ lane }) => lane)) + 1));
    const inner = answer.bins === null ? lanes * LANE : BINS_HEIGHT;
    const row = { label, bars: placed, lanes, top: top + (isNarrow ? LABEL : 0), height: inner + PAD };
    top = row.top + row.height + PAD;
    return row;
  });
  return {
    rows,
    labelWidth: isNarrow ? 0 : labelWidthOf(rows.map(({ label }) => widthOf(label))),
    height: Math.max(top, AXIS + LANE),
  };
}

function labelWidthOf(widths: readonly number[]): number {
  return Math.min(
    LABEL_WIDTHS.most,
    Math.max(LABEL_WIDTHS.least, ...widths.map((one) => Math.ceil(one) + LABEL_MARGIN)),
  );
}

/** Leases that were held at once are below each other. */
function inLanes(bars: readonly Omit<Bar, 'lane'>[]): Bar[] {
  const free: number[] = [];
  return bars.map((bar) => {
    const found = free.findIndex((time) => time <= bar.from);
    const lane = found === -1 ? free.length : found;
    free[lane] = bar.until === -1 ? Number.POSITIVE_INFINITY : bar.until;
    return { ...bar, lane: Math.min(lane, LANES_MAX - 1) };
  });
}

/** A stretch of time, in milliseconds. */
export interface Window {
  readonly begin: number;
  readonly end: number;
}

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;
const STEPS = [
  1_000,
  5_000,
  15_000,
  30_000,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  3 * HOUR,
  6 * HOUR,
  DAY,
  7 * DAY,
  28 * DAY,
];

/** Round times of the reader's clock, so many that their labels have room. */
export function ticksOf(
  { begin, end }: Window,
  most: number,
): { readonly ticks: readonly number[]; readonly step: number } {
  const step = STEPS.find((one) => (end - begin) / one <= most) ?? Math.ceil((end - begin) / most / DAY) * DAY;
  const ticks: number[] = [];
  let time = rounded(begin, step);
  while (time <= end) {
    if (time >= begin) ticks.push(time);
    // A clock that goes back by more than half a step must not keep it here.
    time = Math.max(rounded(time + step, step), time + step / 2);
  }
  return { ticks, step };
}

/**
 * The round time of the reader's clock that is nearest to a time. On the days on which the clock changes, the time to
 * the next one is shorter or longer than a step; of an hour that comes twice, both are round.
 */
function rounded(time: number, step: number): number {
  const clock = Math.round((time - offsetAt(time)) / step) * step;
  // The clock may change between the two.
  return clock + offsetAt(clock + offsetAt(time));
}

/** What is missing in the reader's clock to UTC at a time, in milliseconds. */
function offsetAt(time: number): number {
  return new Date(time).getTimezoneOffset() * MINUTE;
}

/** The time of a mark. At midnight it is the day: a chart of a night would not tell of which. */
export function tickLabel(time: number, step: number, language: string): string {
  const parts: Intl.DateTimeFormatOptions =
    step >= DAY || isMidnight(time)
      ? { month: 'short', day: 'numeric' }
      : { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...(step < MINUTE && { second: '2-digit' }) };
  return new Intl.DateTimeFormat(language, parts).format(time);
}

function isMidnight(time: number): boolean {
  const clock = new Date(time);
  return clock.getHours() === 0 && clock.getMinutes() === 0 && clock.getSeconds() === 0;
}
