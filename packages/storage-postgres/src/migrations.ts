import { readMigrations, type Migration } from '@agent-orchestrator/storage-sql';

/** How many migrations there are; `meta` counts those that were applied. */
export const SCHEMA_VERSION = 3;

/** Beside `src` and `dist` alike; a bundle ships a copy beside itself, next to those of other storages. */
const FOLDER = new URL('../drizzle/postgres', import.meta.url);

/** The store, in the text of an error. */
export const DATABASE = 'The database';

export function knownMigrations(): readonly Migration[] {
  return readMigrations(FOLDER);
}
