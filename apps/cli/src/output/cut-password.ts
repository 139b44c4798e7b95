/** A word that may be the beginning of an address: a user, a colon, and no `@` behind the last one. */
const BEGINS = /^(?:--?[\w-]+=)?(?:[a-z][\w+.-]*:)?\/{0,2}[^\s/]*:[^\s@]*$/iu;
const CUT = `The command line has further words after what may be an address that was cut at a space.
Put an address with a space in quotes.`;
/** A parameter of an address, which no `@` ends. */
const NAMED = /[?&](?:password|passwd|pwd)=/iu;

/**
 * What the parser said of a command line; nothing of it, if a word in it may be the rest of a password. Without quotes,
 * the shell makes several words of an address with a space: `--store postgres://user:two words@host/db`. Which of them
 * are the password cannot be told, so none is shown.
 */
export function withoutCutPassword(text: string, argv: readonly string[]): string {
  const isCut = argv.some((word, at) => {
    const rest = argv.slice(at + 1);
    return (BEGINS.test(word) && rest.some((one) => one.includes('@'))) || (NAMED.test(word) && rest.length > 0);
  });
  return isCut ? CUT : text;
}
