import { setFlagsFromString } from 'node:v8';

/**
 * Keeps the heap near what it holds. Node lets it grow to several times that while a long log is read, and does not
 * give it back. It costs some of the reading time; docs/dashboard.md has what the server takes with it.
 *
 * The last step of the compiler is left out: its threads keep what one of its runs took for as long as the process
 * lives, some 10 MB, and a long log is read a fifth slower without it.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=20');
  setFlagsFromString('--optimize-for-size');
  setFlagsFromString('--no-opt');
}
