export { beginBackupFile, type BackupFile } from './backup-file.ts';
export { checkSqliteFile } from './check-sqlite-file.ts';
export { inspectSqliteFile, type FileFacts, type SqliteFacts } from './inspect-sqlite-file.ts';
export { emptySqliteLog, tightenSqliteFile } from './fix-sqlite-file.ts';
export { importLegacy, type LegacyImportOptions, type LegacyImportResult } from './import-legacy.ts';
export { openSqliteStorage, type SqliteStorageOptions } from './open-sqlite-storage.ts';
export { openSqliteRows, type SqliteRowsOptions } from './row-store.ts';
export { systemClock } from './system-clock.ts';
