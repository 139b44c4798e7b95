export { beginBackupFile, type BackupFile } from './backup-file.ts';
export { checkSqliteFile } from './check-sqlite-file.ts';
export { openSqliteStorage, type SqliteStorageOptions } from './open-sqlite-storage.ts';
export { openSqliteRows, type SqliteRowsOptions } from './row-store.ts';
export { systemClock } from './system-clock.ts';
