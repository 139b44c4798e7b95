export { openSqliteStorage, type SqliteStorageOptions } from './open-sqlite-storage.ts';
export { systemClock } from './system-clock.ts';
