/** The storage for one machine: a file. Start at `provider`, or at `openSqliteStorage`. */
export { openSqliteStorage, type SqliteStorageOptions } from './open-sqlite-storage.ts';
export { provider } from './provider.ts';
export { openSqliteRows, type SqliteRowsOptions } from './row-store.ts';
export { systemClock } from './system-clock.ts';
