/** Reads the database of the proof of concept as the rows of a store. Start at `openLegacyDatabase`. */
export type { LegacyChange, LegacyChangeKind, LegacyExample } from './changes.ts';
export type { LegacyCounts } from './import-run.ts';
export {
  openLegacyDatabase,
  type LegacyDatabase,
  type LegacyReadOptions,
  type LegacyReport,
} from './legacy-database.ts';
export { isLegacyDatabase } from './old-file.ts';
export type { OldTable } from './old-tables.ts';
