const WORD = /\S+/gu;
/** With slashes, or with a further colon behind it: else it is the user. */
const SCHEME = /^[^\s:/@]*(?::\/*(?=[^\s/:@]*:)|\/\/|:\/+)/u;
const NAMED = /\b(password|passwd|pwd|pgpassword)=[^&\s]+/giu;

/**
 * A text without the passwords of the addresses in it. What a person typed comes back in many errors, also mistyped. A
 * word is taken for an address by its slashes: two, or one behind a colon, before the `@`, or one behind the `@`. Most
 * ids, which may have colons and an `@`, have none, and stay as they are.
 */
export function withoutPasswords(text: string): string {
  return text.replaceAll(NAMED, '$1=…').replaceAll(WORD, withoutPassword);
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
