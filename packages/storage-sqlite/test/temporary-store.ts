import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';

/**
 * In memory where the system has such a folder: the rules do not depend on the disk, and a slow one would multiply by
 * the hundreds of stores that are made here. The tests of processes, crashes and disks use the disk.
 */
const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A path in a new folder, where no file is yet. The folder is removed after the test file. */
export function newPath(name = 'store.db'): string {
  const folder = mkdtempSync(join(parent, 'storage-sqlite-'));
  folders.push(folder);
  return join(folder, name);
}

export function folderOf(path: string): string {
  return dirname(path);
}
