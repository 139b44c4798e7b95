import { dataJson, printable } from './printable.ts';

/**
 * Stored text as data: in quotes on one line. Every character is escaped that could end the quotes, break the line,
 * move a cursor or hide text. A text that is longer than `bytesMax` is cut, with a note of its length.
 */
export function quoted(text: string, bytesMax: number): string {
  let cut = '';
  let left = bytesMax;
  for (const character of text) {
    const escaped = dataJson(JSON.stringify(character)).slice(1, -1);
    left -= bytesOf(escaped);
    if (left < 0) return `"${cut}…" (cut, ${bytesOf(text)} bytes in all)`;
    cut += escaped;
  }
  return `"${cut}"`;
}

/** Stored JSON as data: unchanged if it is short, as quoted text if it has to be cut. */
export function quotedJson(value: unknown, bytesMax: number): string {
  const text = JSON.stringify(value);
  const safe = dataJson(text);
  return bytesOf(safe) <= bytesMax ? safe : quoted(printable(text), bytesMax);
}

/** In UTF-8. */
export function bytesOf(text: string): number {
  return Buffer.byteLength(text);
}
