import { printable, printableJson } from '../../text/printable.ts';

/**
 * Stored text as data: in quotes on one line, with everything escaped that could end the quotes, break the line, move a cursor
 * or hide. What is longer than `bytesMax` is cut, and says how long it is.
 */
export function quoted(text: string, bytesMax: number): string {
  let cut = '';
  let left = bytesMax;
  for (const character of text) {
    const escaped = printableJson(JSON.stringify(character)).slice(1, -1);
    left -= bytesOf(escaped);
    if (left < 0) return `"${cut}…" (cut, ${bytesOf(text)} bytes in all)`;
    cut += escaped;
  }
  return `"${cut}"`;
}

/** Stored JSON as data: as it is, if it is short; as quoted text, if it has to be cut. */
export function quotedJson(value: unknown, bytesMax: number): string {
  const text = JSON.stringify(value);
  const safe = printableJson(text);
  return bytesOf(safe) <= bytesMax ? safe : quoted(printable(text), bytesMax);
}

/** In UTF-8. */
export function bytesOf(text: string): number {
  return Buffer.byteLength(text);
}
