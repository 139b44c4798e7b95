import { AXIS, LANE, type Bar, type Layout, type Leases, type Window } from './layout.ts';
import { xOf } from './paint.ts';

const SHORTEST_MS = 1_000;
const STEP = 0.25;
const NEAR = 3;

/** Around its middle, `factor` times as long. */
export function zoomed({ begin, end }: Window, factor: number, whole: Window): Window {
  const middle = (begin + end) / 2;
  const length = Math.min(
    Math.max((end - begin) * factor, SHORTEST_MS),
    Math.max(whole.end - whole.begin, SHORTEST_MS),
  );
  return within({ begin: middle - length / 2, end: middle + length / 2 }, whole);
}

/** By a part of its length: 1 is the next window. */
export function moved({ begin, end }: Window, by: number, whole: Window): Window {
  const ms = (end - begin) * by;
  return within({ begin: begin + ms, end: end + ms }, whole);
}

/** The same length, with a time in its middle. */
export function around({ begin, end }: Window, time: number): Window {
  const half = (end - begin) / 2;
  return { begin: time - half, end: time + half };
}

/** What a key does to the window; null: it is not one of the chart's. */
export function afterKey(key: string, window: Window, { whole, ...answer }: Leases): Window | null {
  const interruption = { n: answer.next_interruption_at, p: answer.previous_interruption_at }[key];
  if (interruption !== undefined) return interruption === null ? window : around(window, Date.parse(interruption));
  switch (key) {
    case 'ArrowLeft':
      return moved(window, -STEP, whole);
    case 'ArrowRight':
      return moved(window, STEP, whole);
    case '+':
    case '=':
      return zoomed(window, 0.5, whole);
    case '-':
      return zoomed(window, 2, whole);
    case '0':
      return whole;
    default:
      return null;
  }
}

/** The bar at a point of the chart. */
export function barAt(
  { layout, window, end }: { readonly layout: Layout; readonly window: Window; readonly end: number },
  { x, y, width }: { readonly x: number; readonly y: number; readonly width: number },
): Bar | null {
  if (y < AXIS) return null;
  const row = layout.rows.find(({ top, height }) => y >= top && y < top + height);
  if (row === undefined) return null;
  const lane = Math.floor((y - row.top) / LANE);
  const isAt = ({ from, until }: Bar) =>
    xOf({ layout, window }, from, width) - NEAR <= x &&
    x <= xOf({ layout, window }, until === -1 ? end : until, width) + NEAR;
  return row.bars.findLast((bar) => bar.lane === lane && isAt(bar)) ?? null;
}

function within({ begin, end }: Window, whole: Window): Window {
  const length = end - begin;
  // Half a window may be empty, so that the first and the last lease can be in its middle.
  const first = Math.min(Math.max(begin, whole.begin - length / 2), Math.max(whole.begin, whole.end - length / 2));
  return { begin: first, end: first + length };
}
