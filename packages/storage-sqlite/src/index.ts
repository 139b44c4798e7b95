/** The storage for one machine: a file. Start at `provider`, or at `openSqliteStorage`. */
export { openSqliteStorage, type SqliteStorageOptions } from './open.ts';
export { provider } from './provider.ts';
export { openSqliteRows, type SqliteRowsOptions } from './copy/row-store.ts';
export { systemClock } from '@agent-orchestrator/storage-sql';
