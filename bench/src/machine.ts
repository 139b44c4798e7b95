import { cpus, loadavg } from 'node:os';
import process from 'node:process';
import Database from 'better-sqlite3';

/** What the numbers were measured on. */
export interface Machine {
  readonly node: string;
  readonly sqlite: string;
  readonly cpu: string;
  /** Processes that wanted to run, on average over the last minute: high means noise. */
  readonly load: number;
}

export function machine(): Machine {
  const processors = cpus();
  return {
    node: process.version,
    sqlite: sqliteVersion(),
    cpu: `${processors.length} x ${processors[0]?.model ?? 'unknown'}`,
    load: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
}

function sqliteVersion(): string {
  const db = new Database(':memory:');
  try {
    return String(db.prepare('SELECT sqlite_version()').pluck().get());
  } finally {
    db.close();
  }
}
