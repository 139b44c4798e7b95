import { shellQuoted } from '@agent-orchestrator/runtime';
import { printable } from '../output/printable.ts';

/** Lines for a POSIX shell: `eval "$(orchestrator claim --env)"`. null: the variable must be absent. */
export function claimEnv(variables: Readonly<Record<string, string | null>>): string[] {
  return Object.entries(variables).map(([name, value]) =>
    value === null ? `unset ${name}` : `export ${name}=${shellValue(value)}`,
  );
}

/**
 * The lines may be printed on a terminal. So where a value has a character that could do harm there, the shell asks
 * `printf` for the value, by the codes of its bytes.
 */
function shellValue(value: string): string {
  // What a shell gets from a program loses the line breaks at its end.
  const body = value.replace(/\n+$/u, '');
  if (printable(body) === body) return shellQuoted(value);
  const format = Array.from(body, (character) => (isPlain(character) ? character : inBytes(character))).join('');
  return `"$(printf '${format}')"${shellQuoted(value.slice(body.length))}`;
}

/** Whether it stands for itself in a format of `printf`, and on a terminal. */
function isPlain(character: string): boolean {
  return /[\p{L}\p{Nd} ]/u.test(character) && printable(character) === character;
}

function inBytes(character: string): string {
  return Array.from(Buffer.from(character), (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}
