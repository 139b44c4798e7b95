/* Without anything of Node: the pages of the dashboard use it as well. */

/**
 * Characters by which stored text could do harm on a terminal: move the cursor, change colours or titles (control
 * characters, C0 and C1), reorder text (bidirectional controls), hide text (zero-width and tag characters, variation
 * selectors), or break a line. A variation selector is let through where people write it: once, behind a pictograph or
 * in a keycap. Anywhere else, or repeated, it shows nothing, and could carry a text that only a program reads. Of
 * combining marks, a letter may have eight: more of them paint over the lines around it.
 */
const UNSAFE_SOURCE =
  String.raw`[\p{Cc}\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f` +
  String.raw`\u2800\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\u{13430}-\u{1343f}\u{16fe4}\u{1bca0}-\u{1bca3}` +
  String.raw`\u{1d159}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]|\p{Cs}|\p{Noncharacter_Code_Point}` +
  String.raw`|(?<!\p{Extended_Pictographic}|[#*0-9](?=\ufe0f\u20e3))[\ufe0e\ufe0f]|\p{M}(?<=\p{M}{9})`;
const UNSAFE = new RegExp(UNSAFE_SOURCE, 'gu');

/**
 * What is in no data either: all that shows nothing, or shows what another character shows too, and so could carry a
 * text beside the one that people read. Spaces that look alike, private use, what Unicode has not assigned, variation
 * selectors also where people write them.
 */
const HIDDEN = new RegExp(
  String.raw`(?! )[\p{Zs}\p{Cf}\p{Co}\p{Cn}\ufe0e\ufe0f\u{1107f}\u{13440}-\u{13443}]|${UNSAFE_SOURCE}`,
  'gu',
);

/** Stored text made safe to print on one line: unsafe characters are shown as their codes. */
export function printable(text: string): string {
  return text.replaceAll(
    UNSAFE,
    (character) => NAMED[character] ?? `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`,
  );
}

const NAMED: Readonly<Record<string, string>> = { '\n': String.raw`\n`, '\r': String.raw`\r`, '\t': String.raw`\t` };

/** JSON made safe to print: the same characters as escapes, which every parser reads back. */
export function printableJson(json: string): string {
  return json.replaceAll(UNSAFE, escapes);
}

/** JSON made safe to read as data: nothing in it is hidden. */
export function dataJson(json: string): string {
  return json.replaceAll(HIDDEN, escapes);
}

function escapes(character: string): string {
  return Array.from(
    { length: character.length },
    (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('');
}

/** The same for a page in a browser, where a text may have lines and tabs. */
export function visible(text: string): string {
  return text.replaceAll(UNSAFE, (character) => (/[\n\t]/u.test(character) ? character : printable(character)));
}
