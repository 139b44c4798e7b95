import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A path in a new folder, where no file is yet. The folder is removed after the test file. */
export function newPath(name = 'store.db'): string {
  const folder = mkdtempSync(join(tmpdir(), 'storage-sqlite-'));
  folders.push(folder);
  return join(folder, name);
}

export function folderOf(path: string): string {
  return dirname(path);
}
