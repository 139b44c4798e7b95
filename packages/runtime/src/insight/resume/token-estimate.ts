import { bytesOf } from '../../text/quoted.ts';

const BYTES_PER_TOKEN = 3;
/** No two tokenizers agree to the last token. */
const MARGIN = 1.1;

/*
 * Text that tokenizers split into pieces of less than three bytes, with the most tokens that a piece takes in practice.
 * Prose takes more than three bytes a token; ids, times, signs and emoji take fewer.
 */
const DENSE: readonly (readonly [pieces: RegExp, tokens: (length: number) => number])[] = [
  // Digits go by three, without the space before them.
  [/[0-9]+/gu, (length) => Math.ceil(length / 3)],
  [/\s(?=[0-9])|\n/gu, () => 1],
  [/[a-z]+/gu, (length) => Math.ceil(length / 4)],
  [/[A-Z]+/gu, (length) => Math.ceil(length / 2)],
  [/[!-/:-@[-`{-~]+/gu, (length) => 0.4 + 0.6 * length],
  // Letters of Europe and the Near East; then marks and what few write.
  [/[\u0080-\u02ff\u0370-\u06ff]+/gu, (length) => length * 1.15],
  [/[\u0300-\u036f\u0700-\u07ff]+/gu, (length) => length * 2],
  // Letters of India, Thailand and East Asia; then all other signs of three bytes, and of four (of two units).
  [/[\u0900-\u097f\u0e00-\u0e7f\u3000-\u9fff\uac00-\ud7a3\uff00-\uffef]+/gu, (length) => length * 1.3],
  [/[\u0800-\u08ff\u0980-\u0dff\u0e80-\u2fff\ua000-\uabff\ud7a4-\ufeff\ufff0-\uffff]+/gu, (length) => length * 2.4],
  [/[\u{10000}-\u{10ffff}]+/gu, (length) => length * 1.75],
];

/**
 * How many tokens a text takes, without a tokenizer: its UTF-8 bytes ÷ 3, or more for denser text. A test compares it
 * with real tokenizers: none of them counts more.
 */
export function estimateTokens(text: string): number {
  const dense = DENSE.reduce(
    (sum, [pieces, tokens]) => sum + (text.match(pieces) ?? []).reduce((all, { length }) => all + tokens(length), 0),
    0,
  );
  return Math.ceil(Math.max(bytesOf(text) / BYTES_PER_TOKEN, dense * MARGIN));
}
