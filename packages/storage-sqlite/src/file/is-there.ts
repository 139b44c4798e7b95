import { statSync } from 'node:fs';

/**
 * Whether there is a file or folder at the path. Throws if this process may not look there.
 */
export function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
