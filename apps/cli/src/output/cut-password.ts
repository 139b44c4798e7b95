/** An address that ends within its password, where the shell has cut it: it has no `@`. */
const CUT_ADDRESS = /^(?:--?[\w-]+=)?[a-z][\w+.-]*:\/\/[^\s@/:]*:[^\s@]*$/iu;

/**
 * What the parser said of a command line, without the rest of a password that has a space in it. Without quotes, the
 * shell makes further words of it: `--store postgres://user:two words@host/db`.
 */
export function withoutCutPassword(text: string, argv: readonly string[]): string {
  const start = argv.findIndex((word) => CUT_ADDRESS.test(word)) + 1;
  const end = argv.findIndex((word, at) => at >= start && word.includes('@'));
  if (start === 0 || end === -1) return text;
  return argv.slice(start, end + 1).reduce((shown, word) => {
    const host = word.lastIndexOf('@');
    const rest = `…${host === -1 ? '' : word.slice(host)}`;
    // As the parser tells a word, or a list of words.
    return ["'", ': ', ', '].reduce((told, before) => told.replaceAll(`${before}${word}`, `${before}${rest}`), shown);
  }, text);
}
