import { readMigrations, type Migration } from '@agent-orchestrator/storage-sql';

/** How many migrations there are; `user_version` counts those that a file has seen. */
export const SCHEMA_VERSION = 2;

/** Beside `src` and `dist` alike; a bundle ships a copy beside itself. */
const FOLDER = new URL('../drizzle', import.meta.url);

let known: readonly Migration[] | null = null;

export function knownMigrations(): readonly Migration[] {
  known ??= readMigrations(FOLDER);
  return known;
}
