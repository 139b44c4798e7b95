const WORD = /\S+/gu;
const NAMED = /\b(password|passwd|pwd|pgpassword)=[^&\s]+/giu;

/**
 * A text without the passwords of the addresses in it. What a person typed comes back in many errors, also mistyped. A
 * word with two slashes is taken for an address; of ids, which may have colons and `@`, none is changed.
 */
export function withoutPasswords(text: string): string {
  return text.replaceAll(NAMED, '$1=…').replaceAll(WORD, withoutPassword);
}

/** Between the colon after the user and the last `@`, a password may contain anything but spaces. */
function withoutPassword(word: string): string {
  const slashes = word.indexOf('//');
  const end = word.lastIndexOf('@');
  const colon = word.indexOf(':', slashes + 2);
  return slashes === -1 || colon === -1 || end < colon ? word : `${word.slice(0, colon)}${word.slice(end)}`;
}
