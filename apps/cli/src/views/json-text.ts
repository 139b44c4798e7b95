import { printable, shorten } from '../output/printable.ts';

/** A value on one line; null: there is none. */
export function jsonText(value: unknown): string | null {
  return value === null ? null : shorten(printable(JSON.stringify(value)), 200);
}
