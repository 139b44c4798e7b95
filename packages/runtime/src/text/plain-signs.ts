/** A text as it reads once nothing in it is coded any more. */
export interface PlainSigns {
  /** An `@` or a slash that was coded or wide is a wide one here, and so is a backslash. */
  readonly plain: string;
  /** Where in the text itself each sign of the plain one begins. */
  readonly starts: readonly number[];
}

const CODED_LENGTH = 3;
const CODED = /^%[\da-f]{2}$/iu;
/** From here to there, the wide form of each sign of ASCII. */
const WIDE = { first: 0xff01, last: 0xff5e } as const;
const WIDE_TO_ASCII = WIDE.first - 0x21;
/** The first bytes of a wide sign in UTF-8; the third one is so much greater than that of ASCII. */
const WIDE_BYTES = '\u00EF\u00BC';
const WIDE_BYTE_TO_ASCII = 0x60;
/** These are not the same as plain ones: they may be a part of a user, of a password or of a path. */
export const WIDE_AT = '\uFF20';
const WIDE_SLASH = '\uFF0F';

/**
 * Reads the signs of a text that are percent-coded, once or more often, or written in their wide form. Spaces, and what
 * is no sign of ASCII, stay as they are. One pass through the text, however deep it is coded: a sign that is read may
 * be the last third of another.
 */
export function plainSigns(text: string): PlainSigns {
  const signs: string[] = [];
  const starts: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    signs.push(narrow(text.charAt(at)));
    starts.push(at);
    for (let read = lastRead(signs); read !== null; read = lastRead(signs)) {
      signs.splice(-CODED_LENGTH, CODED_LENGTH, read);
      starts.length = signs.length;
    }
  }
  return { plain: signs.join(''), starts };
}

/** What the last three signs are the code of. */
function lastRead(signs: readonly string[]): string | null {
  const [first, second, third] = [signs.at(-3), signs.at(-2), signs.at(-1)];
  if (first === undefined || second === undefined || third === undefined) return null;
  if (first + second === WIDE_BYTES) return ofCode(third.charCodeAt(0) - WIDE_BYTE_TO_ASCII);
  const coded = first + second + third;
  return first === '%' && CODED.test(coded) ? ofCode(Number.parseInt(coded.slice(1), 16)) : null;
}

/** A sign that was coded. A space, and what cannot be seen, is null. */
function ofCode(code: number): string | null {
  if (code <= 0x20 || code === 0x7f || code > 0xff) return null;
  const sign = String.fromCharCode(code);
  if (sign === '/') return WIDE_SLASH;
  return sign === '@' ? WIDE_AT : narrow(sign);
}

function narrow(sign: string): string {
  if (sign === '\\') return WIDE_SLASH;
  const code = sign.charCodeAt(0);
  if (sign === WIDE_AT || sign === WIDE_SLASH || code < WIDE.first || code > WIDE.last) return sign;
  return narrow(String.fromCharCode(code - WIDE_TO_ASCII));
}
