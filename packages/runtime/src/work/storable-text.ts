import { isStorableText, LIMITS } from '@agent-orchestrator/core';

/** At the end of a text of which the rest is not stored. */
export const CUT = ' … (cut)';

/** Short enough for the smallest limit, however its characters are escaped. */
const SHORT_CHARACTERS = 1_000;

/** A text that every store takes, of so many characters at most; it says if it was cut. */
export function storable(text: string, max: number = LIMITS.text_characters_max): string {
  return wellFormed(text.length <= max ? text : `${text.slice(0, max - CUT.length)}${CUT}`);
}

/** The same, of a text that is part of another one. */
export function shortened(text: string): string {
  return storable(text, SHORT_CHARACTERS);
}

/** The text without what no store takes. */
export function wellFormed(text: string): string {
  return isStorableText(text) ? text : text.replaceAll('\u0000', '\uFFFD').toWellFormed();
}
