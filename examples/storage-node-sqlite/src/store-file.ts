import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { decodeStoreState, OrchestratorError, type StoreState } from '@agent-orchestrator/core';
import { assertCurrent, assertNotNewer, assertSameCatalogue, noStore } from '@agent-orchestrator/storage-sql';
import { assertSafeVersion, Database } from './database.ts';
import { APPLICATION_ID, SCHEMA, SCHEMA_VERSION } from './schema.ts';

/** Makes an empty file for its owner alone, in folders for their owner alone. */
export function createFile(path: string): void {
  assertSafeVersion();
  createFolder(dirname(path));
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    // Another process has just made it; the opening judges what it is.
    if (!existsSync(path)) throw error;
  }
}

/** Node's own way to make the folders above too never ends below /proc. */
function createFolder(folder: string): void {
  if (existsSync(folder)) return;
  createFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process has just made it.
    if (!existsSync(folder)) throw error;
  }
}

/** Opens the file of a store that was migrated; a file that is no store of ours is left as it was. */
export function openStore(path: string, readOnly: boolean): Database {
  return opened(path, readOnly, (db) => assertCurrent(path, versionOf(db, path), SCHEMA_VERSION));
}

/** Opens a store, or a file that one can be made in. */
export function openForMigration(path: string): Database {
  return opened(path, false, (db) => assertNotNewer(path, versionOf(db, path), SCHEMA_VERSION));
}

function opened(path: string, readOnly: boolean, assertOurs: (db: Database) => void): Database {
  if (!existsSync(path)) throw noStore(path);
  const db = new Database(path, readOnly);
  try {
    // All looks at one moment: another process may be making the tables.
    db.exec('BEGIN');
    assertOurs(db);
    db.exec('COMMIT');
    if (!readOnly) db.prepareToWrite();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** All but what SQLite makes by itself. */
const CATALOGUE = `SELECT type || ' ' || name AS name, sql FROM sqlite_schema
  WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite~_%' ESCAPE '~'`;

/** How many versions of the schema the file has seen; 0: it is empty. */
function versionOf(db: Database, path: string): number {
  const [application, version] = [db.pragma('application_id'), Number(db.pragma('user_version'))];
  const found = new Map(db.all<{ name: string; sql: string }>(CATALOGUE).map(({ name, sql }) => [name, sql]));
  if (application === 0 && version === 0 && found.size === 0) return 0;
  if (application !== APPLICATION_ID || version === 0)
    throw new OrchestratorError('STORE_NOT_A_DATABASE', `${path} is a database of another program.`);
  assertNotNewer(path, version, SCHEMA_VERSION);
  assertSameCatalogue(path, found, SCHEMA);
  return version;
}

/** Makes the tables. The lock is taken before the version is read, so of many processes one does the work. */
export function migrate(db: Database, path: string): boolean {
  db.exec('BEGIN IMMEDIATE');
  try {
    const isNew = versionOf(db, path) === 0;
    if (isNew) {
      for (const statement of SCHEMA.values()) db.exec(statement);
      db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`);
    }
    db.exec('COMMIT');
    return isNew;
  } finally {
    if (db.isInTransaction) db.exec('ROLLBACK');
  }
}

/** null: the store is open for work. */
export function readStoreState(db: Database): StoreState | null {
  return decodeStoreState(db.get<{ value: string }>(`SELECT value FROM meta WHERE key = 'state'`)?.value ?? null);
}
