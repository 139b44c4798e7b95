import type { MigrationReport } from '@agent-orchestrator/core';
import type { Migration } from '@agent-orchestrator/storage-sql';
import type { Connection } from '../connection.ts';
import { APPLICATION_ID, schemaVersionOf } from '../file/store-file.ts';

/**
 * Applies what the file has not seen, all or nothing. The write lock is taken before the version is read, so of many
 * processes one does the work and the others find it done (drizzle's own migrator takes no lock).
 */
export function applyMigrations(db: Connection, path: string, migrations: readonly Migration[]): MigrationReport {
  const enforced = Number(db.pragma('foreign_keys', { simple: true }));
  // A migration may make a table anew that others point at. Inside a transaction the setting has no effect.
  db.pragma('foreign_keys = 0');
  try {
    db.exec('BEGIN IMMEDIATE');
    const version = schemaVersionOf(db, path);
    const pending = migrations.slice(version);
    runMigrations(db, pending, migrations.length);
    assertReferences(db);
    db.exec('COMMIT');
    return { created: version === 0, applied: pending.map(({ name }) => name) };
  } finally {
    if (db.inTransaction) db.exec('ROLLBACK');
    db.pragma(`foreign_keys = ${enforced}`);
  }
}

/** What the foreign keys would have refused. */
function assertReferences(db: Connection): void {
  const broken = db.pragma('foreign_key_check') as readonly { readonly table: string }[];
  const tables = [...new Set(broken.map(({ table }) => table))].join(', ');
  if (broken.length > 0) throw new Error(`The migrations left rows that point at no other: in ${tables}.`);
}

/** Within the transaction of the caller. */
function runMigrations(db: Connection, pending: readonly Migration[], version: number): void {
  for (const { statements } of pending) for (const statement of statements) db.exec(statement);
  db.pragma(`application_id = ${APPLICATION_ID}`);
  db.pragma(`user_version = ${version}`);
}
