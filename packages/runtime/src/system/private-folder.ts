import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Creates a folder that only this user can read, with the folders above it. An existing folder is not changed.
 *
 * Node's option `recursive` is not used: below /proc it never returns.
 *
 * @returns the folders that were created, innermost first
 * @throws the system's error if the folder cannot be created
 */
export function makePrivateFolder(folder: string): string[] {
  if (existsSync(folder)) return [];
  const above = makePrivateFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process may have created it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return [folder, ...above];
}
