import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { OrchestratorError } from '@agent-orchestrator/core';

/** One migration of a folder that drizzle-kit keeps. */
export interface Migration {
  readonly name: string;
  readonly statements: readonly string[];
}

const BREAKPOINT = '--> statement-breakpoint';

/** The migrations in their order, read as drizzle reads them; to load drizzle would take longer than all else. */
export function readMigrations(folder: URL): readonly Migration[] {
  const at = fileURLToPath(folder);
  const journal = JSON.parse(readFileSync(`${at}/meta/_journal.json`, 'utf8')) as { entries: { tag: string }[] };
  return journal.entries.map(({ tag: name }) => ({
    name,
    statements: readFileSync(`${at}/${name}.sql`, 'utf8').split(BREAKPOINT),
  }));
}

/**
 * Refuses a store whose tables are not there, or are of another version.
 *
 * @param place which store, in the text of the error
 * @param version how many migrations it has seen
 * @param known how many there are
 */
export function assertCurrent(place: string, version: number, known: number): void {
  assertNotNewer(place, version, known);
  if (version === 0) throw noStore(place);
  if (version < known)
    throw new OrchestratorError('STORE_OLDER', `${place} has schema ${version}; this version needs ${known}.`);
}

export function assertNotNewer(place: string, version: number, known: number): void {
  if (version > known)
    throw new OrchestratorError('STORE_NEWER', `${place} has schema ${version}; this version knows ${known}.`);
}

export function noStore(place: string): OrchestratorError {
  return new OrchestratorError('STORE_NOT_FOUND', `${place} contains no store yet.`);
}
