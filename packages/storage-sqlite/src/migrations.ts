import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** One migration of the folder that drizzle-kit keeps. */
export interface Migration {
  readonly name: string;
  readonly statements: readonly string[];
}

/** Beside `src` and `dist` alike; a bundle ships a copy beside itself. */
const FOLDER = new URL('../drizzle', import.meta.url);

const BREAKPOINT = '--> statement-breakpoint';

let known: readonly Migration[] | null = null;

/** The migrations in their order, read as drizzle reads them; to load drizzle would take longer than all else. */
export function readMigrations(): readonly Migration[] {
  if (known !== null) return known;
  const folder = fileURLToPath(FOLDER);
  const journal = JSON.parse(readFileSync(`${folder}/meta/_journal.json`, 'utf8')) as { entries: { tag: string }[] };
  known = journal.entries.map(({ tag: name }) => ({
    name,
    statements: readFileSync(`${folder}/${name}.sql`, 'utf8').split(BREAKPOINT),
  }));
  return known;
}
