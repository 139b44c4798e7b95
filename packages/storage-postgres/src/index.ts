/** The storage for several machines. Start at `openPostgresStorage`. */
export { createRoles } from './create-roles.ts';
export { inspectPostgres, type PostgresFacts } from './inspect-postgres.ts';
export { openPostgresStorage, type PostgresStorageOptions } from './open-postgres-storage.ts';
export { openPostgresRows, type PostgresRowsOptions } from './row-store.ts';
export { ROLE_STATEMENTS } from './roles.ts';
