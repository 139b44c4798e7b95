const WORD = /\S+/gu;
/** With slashes, or with a further colon behind it: else it is the user. */
const SCHEME = /^[^\s:/@]*(?::\/*(?=[^\s/:@]*:)|\/\/|:\/+)/u;
const NAMED = /\b(password|passwd|pwd|pgpassword)=[^&\s]+/giu;

/**
 * A text without the passwords of the addresses in it. What a person typed comes back in many errors, also mistyped. A
 * word is taken for an address if it has two slashes before the `@`, or one behind it. So ids, which may have colons
 * and an `@`, stay as they are.
 */
export function withoutPasswords(text: string): string {
  return text.replaceAll(NAMED, '$1=…').replaceAll(WORD, withoutPassword);
}

/** Between the colon after the user and the last `@`, a password may contain anything but spaces. */
function withoutPassword(word: string): string {
  const end = word.lastIndexOf('@');
  const isAddress = word.slice(0, Math.max(end, 0)).includes('//') || word.includes('/', end + 1);
  if (end === -1 || !isAddress) return word;
  const [scheme = ''] = SCHEME.exec(word) ?? [];
  const colon = word.indexOf(':', scheme.length);
  return colon === -1 || end < colon ? word : `${word.slice(0, colon)}${word.slice(end)}`;
}
