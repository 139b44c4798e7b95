import type { PlainSigns } from './plain-signs.ts';

/** What the word of another address begins with. */
export const ADDRESS_START = String.raw`['"\u0060(<[]*[a-z][\w+.-]*:[/\uFF0F]{2}`;
const WORD_AND_SPACE = /(?<word>\S*)(?<space>\s*)/gu;
export const LINE_BREAK = /[\n\v\f\r\u2028\u2029]/u;
/** A part of an address or of a setting. A colon at the end of a word is that of a sentence, or of a scheme. */
const MAY_CONTINUE = /=|:(?=\S)|\bpostgr\w*:/iu;
const IS_ADDRESS = new RegExp(ADDRESS_START, 'iuy');

/** The text without the line breaks, and the indents behind them, that may stand within an address or a setting. */
export function joinedLines({ plain, starts }: PlainSigns): PlainSigns {
  const joined: number[] = [];
  let text = '';
  let mayContinue = false;
  for (const { index, groups } of plain.matchAll(WORD_AND_SPACE)) {
    const { word = '', space = '' } = groups ?? {};
    mayContinue ||= MAY_CONTINUE.test(word);
    IS_ADDRESS.lastIndex = index + word.length + space.length;
    mayContinue &&= LINE_BREAK.test(space) && !IS_ADDRESS.test(plain);
    const kept = mayContinue ? word : word + space;
    text += kept;
    for (let at = 0; at < kept.length; at += 1) joined.push(starts[index + at] ?? 0);
  }
  return { plain: text, starts: joined };
}
