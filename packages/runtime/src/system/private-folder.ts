import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder for this user alone, with the folders above it. One that is there stays as it is.
 *
 * Not by Node's `recursive`: that never comes to an end below /proc.
 *
 * @returns the folders that were made, from the inside out
 * @throws the system's error where it cannot be made
 */
export function makePrivateFolder(folder: string): string[] {
  if (existsSync(folder)) return [];
  const above = makePrivateFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return [folder, ...above];
}
