import { utimesSync, writeFileSync } from 'node:fs';

/** The state in a complete backup. */
export const BACKUP = { status: 'backup', id: 'b', address: 'sqlite:/s.db', at: 1 } as const;
/** What SQLite adds to the name of a database; the database itself first. */
export const COMPANIONS = ['', '-wal', '-shm', '-journal'];

/** The files of a backup whose process was killed some time ago. */
export function leftFiles(place: string, letter: string, minutesAgo = 10): readonly string[] {
  const files = COMPANIONS.map((suffix) => `${place}.partial-${letter.repeat(16)}${suffix}`);
  for (const file of files) {
    writeFileSync(file, '', { mode: 0o600 });
    writtenAgo(file, minutesAgo);
  }
  return files;
}

export function writtenAgo(file: string, minutes: number): void {
  const at = new Date(Date.now() - minutes * 60_000);
  utimesSync(file, at, at);
}
