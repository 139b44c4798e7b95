const CHARACTERS = new Intl.Segmenter();
/** No character that people write has more code units. */
const CHARACTER_MAX = 64;

/**
 * A text of so many code units at most: what is left out is told by an ellipsis. What people see as one character is
 * not cut, be it an emoji of several or a syllable of letters.
 */
export function beginOf(text: string, max: number): string {
  if (text.length <= max) return text;
  const cut = max - 1;
  const character = CHARACTERS.segment(text.slice(0, max + CHARACTER_MAX)).containing(cut);
  // What is longer is no character of a text, but marks that are piled up.
  const end = character === undefined || cut - character.index > CHARACTER_MAX ? cut : character.index;
  return `${text.slice(0, end)}…`;
}
