const WORD = /\S+/gu;
/** With slashes, or with a further colon behind it: else it is the user. */
const SCHEME = /^[^\s:/@]*(?::\/*(?=[^\s/:@]*:)|\/\/|:\/+)/u;
const NAMED = /\b(password|passwd|pwd|pgpassword)=[^&\s]+/giu;

/** A scheme with slashes, or the one of servers, also mistyped; then the user. */
const TO_USER = String.raw`((?:[a-z][\w+.-]*:)?\/\/|\b[a-z][\w+.-]*:\/|\bpostgr\w*:)([^\s:@/]*)`;
/** A number behind the colon is a port. */
const NO_PORT = String.raw`(?!\d{1,5}(?:[/?#\s,.;)'"\u0060]|$))`;
/** Up to the last `@` before another address: a password may contain `@`, and one with a space is mistyped. */
const WHOLE = new RegExp(String.raw`${TO_USER}:${NO_PORT}(?:(?!\s[a-z][\w+.-]*:\/\/)[^\n])*@`, 'giu');
/** Without a host: a space was in the password, and the shell made two words of it. */
const CUT = new RegExp(String.raw`${TO_USER}:${NO_PORT}(?!…)[^\s@]+?(?=['"\u0060]?[.,;)]*(?:\s|$))`, 'giu');
/** A colon that is written otherwise: what follows would be taken for a part of the user. */
const CODED = /(\/\/[^\s:@/]*?)(?:%3a|\uFF1A)[^\s@]*@/giu;
/** An address of any kind without slashes. */
const ANY = /:[^\s@]*(?:@[^\s@]*)*@/u;

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
    .replaceAll(CODED, '$1@')
    .replaceAll(WHOLE, '$1$2@')
    .replaceAll(CUT, '$1$2:…')
    .replaceAll(WORD, isUsage ? (word) => withoutPassword(word).replace(ANY, '@') : withoutPassword);
}

/** Between the colon after the user and the last `@`, a password may contain anything but spaces. */
function withoutPassword(word: string): string {
  const end = word.lastIndexOf('@');
  const isAddress = /\/\/|:\//u.test(word.slice(0, Math.max(end, 0))) || word.includes('/', end + 1);
  if (end === -1 || !isAddress) return word;
  const [scheme = ''] = SCHEME.exec(word) ?? [];
  const colon = word.indexOf(':', scheme.length);
  return colon === -1 || end < colon ? word : `${word.slice(0, colon)}${word.slice(end)}`;
}
