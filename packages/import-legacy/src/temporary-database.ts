import Database from 'better-sqlite3';

/**
 * A database for what is sorted or looked up on the way: SQLite keeps it in the memory of the process, and what does not
 * fit in a file without a name, which is gone when the process is.
 */
export function openTemporaryDatabase(): Database.Database {
  const db = new Database('');
  // What a crash leaves of it is of no use, so there is nothing to keep safe.
  db.pragma('journal_mode = OFF');
  db.pragma('synchronous = OFF');
  // It never ends: there is nothing to roll back to.
  db.exec('BEGIN');
  return db;
}
