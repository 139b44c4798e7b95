import Database from 'better-sqlite3';

/**
 * A database for sorting and look-ups during the import. SQLite keeps it in the memory of the process, and the rest in
 * an unnamed file that disappears with the process.
 */
export function openTemporaryDatabase(): Database.Database {
  const db = new Database('');
  // It is not needed after a crash, so it does not have to be durable.
  db.pragma('journal_mode = OFF');
  db.pragma('synchronous = OFF');
  // This transaction never ends: it is never rolled back.
  db.exec('BEGIN');
  return db;
}
