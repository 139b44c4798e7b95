/*
 * The signs of an address may be coded, once or more often, or written in their wide form. What is coded is no sign to
 * a URL, so a password behind it is shown as a part of the user or the host: it must go from a text all the same.
 */
const COLON = String.raw`(?::|\uFF1A|%(?:25)*3a)`;
const SLASH = String.raw`(?:[/\\]|%(?:25)*2f)`;
const CODED_AT = String.raw`(?:\uFF20|%(?:25)*40)`;

const LINE = /[^\n]+/gu;
const WORD = /\S+/gu;
/** With slashes, or with a further colon behind it: else it is the user. */
const SCHEME = /^[^\s:/@]*(?::\/*(?=[^\s/:@]*:)|\/\/|:\/+)/u;
const NAMED = /\b(password|passwd|pwd|pgpassword)=[^&\s]+/giu;

const SCHEME_NAME = String.raw`[a-z][\w+.-]{0,40}`;
/** Without a bound, a long text of such signs would take a time that grows with its cube. */
const USER = String.raw`(?:(?!${COLON})[^\s:@/\\]){0,256}`;
/** Slashes, or the scheme of servers, also mistyped; then the user. */
const TO_USER = String.raw`(${SLASH}{2}|\b${SCHEME_NAME}${COLON}${SLASH}|\bpostgr\w{0,20}${COLON})(${USER})${COLON}`;
/** A number behind the colon is a port. */
const NO_PORT = String.raw`(?!\d{1,5}(?:[/?#\s,.;)'"\u0060]|%(?:25)*2f|$))`;
/** All on the line before another address. */
const REST = String.raw`(?:(?!\s${SCHEME_NAME}:\/\/)[^\n])*`;
/** Up to the last `@`, or else a coded one: a password may contain `@`, and one with a space is mistyped. */
const WHOLE = new RegExp(`${TO_USER}${NO_PORT}(?:${REST}@|${REST}${CODED_AT})`, 'giu');
/** Without a host: a space was in the password, and the shell made two words of it. */
const CUT = new RegExp(String.raw`${TO_USER}${NO_PORT}(?!…)[^\s@]+?(?=['"\u0060]?[.,;)]*(?:\s|$))`, 'giu');
/** An address of any kind without slashes. */
const ANY = new RegExp(String.raw`${COLON}(?:\S*@|\S*${CODED_AT})`, 'iu');
const FIRST_COLON = new RegExp(COLON, 'iu');
const HAS_AT = new RegExp(`@|${CODED_AT}`, 'iu');

/**
 * A text without the passwords of the addresses in it. What a person typed comes back in many errors, also mistyped. A
 * word is taken for an address by its slashes: two, or one behind a colon, before the `@`, or one behind the `@`; and
 * by the scheme of servers. Most ids, which may have colons and an `@`, have neither, and stay as they are.
 *
 * @param isUsage the text is about the command line itself: it has no ids that a person must be able to read
 */
export function withoutPasswords(text: string, { isUsage = false } = {}): string {
  return text
    .replaceAll(NAMED, '$1=…')
    .replaceAll(LINE, (line) => (HAS_AT.test(line) ? line.replaceAll(WHOLE, '$1$2@') : line))
    .replaceAll(CUT, '$1$2:…')
    .replaceAll(WORD, (word) => {
      if (!HAS_AT.test(word)) return word;
      const shown = withoutPassword(word);
      return isUsage ? shown.replace(ANY, '@') : shown;
    });
}

/** Between the colon after the user and the last `@`, a password may contain anything but spaces. */
function withoutPassword(word: string): string {
  const end = word.lastIndexOf('@');
  const isAddress = /\/\/|:\//u.test(word.slice(0, Math.max(end, 0))) || word.includes('/', end + 1);
  if (end === -1 || !isAddress) return word;
  const [scheme = ''] = SCHEME.exec(word) ?? [];
  const colon = word.slice(scheme.length, end).search(FIRST_COLON);
  return colon === -1 ? word : `${word.slice(0, scheme.length + colon)}${word.slice(end)}`;
}
