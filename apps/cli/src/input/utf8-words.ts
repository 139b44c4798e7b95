import { readFileSync } from 'node:fs';
import { usage } from '../failure.ts';

/** What Node puts in the place of bytes that are not UTF-8. */
const REPLACED = '\uFFFD';

/**
 * Refuses a command line with bytes that are not UTF-8. Node has replaced them by then: two ids that differ in them
 * would be one, and `run` would give its command another file. Only Linux shows the bytes: elsewhere nothing is
 * refused.
 *
 * @throws `USAGE`
 */
export function refuseBrokenWords(argv: readonly string[]): void {
  if (argv.every((word) => !word.includes(REPLACED)) || isUtf8(bytesOfCommandLine())) return;
  throw usage(
    'A word of the command line is not valid UTF-8.',
    'Convert it, for example with `iconv -t UTF-8`; a file with such a name has to be renamed.',
  );
}

function bytesOfCommandLine(): Uint8Array {
  try {
    return readFileSync('/proc/self/cmdline');
  } catch {
    return new Uint8Array();
  }
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
