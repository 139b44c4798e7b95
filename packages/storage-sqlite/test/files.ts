import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';

export function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

export function makeDatabase(path: string, sql: string): void {
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.exec(sql);
  db.close();
}

/** Leaves all that was written in the log, as a process that was killed does. */
export function crashAfter(path: string, sql: string): void {
  const program = `const db = new (require('better-sqlite3'))(${JSON.stringify(path)}); db.pragma('journal_mode = WAL');
    db.exec(${JSON.stringify(sql)}); process.kill(process.pid, 'SIGKILL');`;
  try {
    execFileSync(process.execPath, ['-e', program], { cwd: import.meta.dirname, stdio: 'ignore' });
  } catch {
    // Killed, as was meant.
  }
}

/** What there is at and beside a path, but for the shared memory that readers of a log use to meet. */
export function fingerprint(path: string): Record<string, string> {
  const folder = dirname(path);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => !file.endsWith('-shm'));
  return Object.fromEntries(
    files.map((file) => {
      const found = statSync(join(folder, file));
      const content = found.isFile()
        ? createHash('sha256')
            .update(readFileSync(join(folder, file)))
            .digest('hex')
        : 'folder';
      return [file, `${content} ${found.mtimeMs}`];
    }),
  );
}

/** Opens a file as any program can, without the care of a storage. */
export function look<R>(path: string, use: (db: Database.Database) => R): R {
  const db = new Database(path);
  try {
    return use(db);
  } finally {
    db.close();
  }
}
