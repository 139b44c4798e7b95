import { setFlagsFromString } from 'node:v8';

/**
 * Keeps the heap near what it holds. Node lets it grow to several times that while a long log is read, and does not
 * give it back. It costs some of the reading time; docs/dashboard.md has what the server takes with it.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=20');
  setFlagsFromString('--optimize-for-size');
}
