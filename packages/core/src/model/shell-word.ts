/*
 * Commands that a person may paste. An id, a path or a URL is the text of another: unquoted, a shell would run it.
 */

/** One word to any shell, and no flag. */
const SHELL_WORD = /^[\p{L}\p{M}\p{Nd}_@:/][\p{L}\p{M}\p{Nd}_@:/.,+-]*$/u;

/** Whether a shell takes the text as one word, and a program does not take it for a flag. */
export function isShellWord(text: string): boolean {
  return SHELL_WORD.test(text);
}

/** A text as one argument of a command for a POSIX shell: as it is where that is safe, else in single quotes. */
export function shellWord(text: string): string {
  return isShellWord(text) ? text : shellQuoted(text);
}

/** The same for an argument that is no option's value: `--` keeps a program from taking it for a flag. */
export function shellArgument(text: string): string {
  return text.startsWith('-') ? `-- ${shellWord(text)}` : shellWord(text);
}

/** A text in single quotes for a POSIX shell. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
