/** A scheme and a user; then, up to the last `@` of the word, a password: it may contain anything but spaces. */
const PASSWORD = /\b([a-z][a-z0-9+.-]*:\/*[^\s:@/?#]*):\S*@/giu;

/** A text with the passwords of its URLs removed. What a person typed comes back in many errors, also mistyped. */
export function withoutPasswords(text: string): string {
  return text.replaceAll(PASSWORD, '$1@');
}
