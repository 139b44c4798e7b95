import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { MigrationReport } from '@agent-orchestrator/core';
import type { Connection } from './connection.ts';
import { APPLICATION_ID, schemaVersionOf } from './store-file.ts';

/** One migration of the folder that drizzle-kit keeps. */
export interface Migration {
  readonly name: string;
  readonly statements: readonly string[];
}

/** Beside `src` and `dist` alike; a bundle ships a copy beside itself. */
const FOLDER = new URL('../drizzle', import.meta.url);

/** The migrations in their order. Loads drizzle, which takes a while: only where there is something to migrate. */
export async function readMigrations(): Promise<readonly Migration[]> {
  const { readMigrationFiles } = await import('drizzle-orm/migrator');
  const folder = fileURLToPath(FOLDER);
  const journal = JSON.parse(readFileSync(`${folder}/meta/_journal.json`, 'utf8')) as { entries: { tag: string }[] };
  return readMigrationFiles({ migrationsFolder: folder }).map(({ sql }, index) => ({
    name: journal.entries[index]?.tag ?? '',
    statements: sql,
  }));
}

/**
 * Applies what the file has not seen, all or nothing. The write lock is taken before the version is read, so of many
 * processes one does the work and the others find it done (drizzle's own migrator takes no lock).
 */
export function applyMigrations(db: Connection, path: string, migrations: readonly Migration[]): MigrationReport {
  db.exec('BEGIN IMMEDIATE');
  try {
    const version = schemaVersionOf(db, path);
    const pending = migrations.slice(version);
    runMigrations(db, pending, migrations.length);
    db.exec('COMMIT');
    return { created: version === 0, applied: pending.map(({ name }) => name) };
  } finally {
    if (db.inTransaction) db.exec('ROLLBACK');
  }
}

/** Within the transaction of the caller. */
function runMigrations(db: Connection, pending: readonly Migration[], version: number): void {
  for (const { statements } of pending) for (const statement of statements) db.exec(statement);
  db.pragma(`application_id = ${APPLICATION_ID}`);
  db.pragma(`user_version = ${version}`);
}
