/** The storage for several machines: a database on a server. Start at `provider`, or at `openPostgresStorage`. */
export { openPostgresStorage, type PostgresStorageOptions } from './open-postgres-storage.ts';
export { createRoles } from './place/roles.ts';
export { provider } from './provider.ts';
export { ROLE_STATEMENTS } from './roles.ts';
export { openPostgresRows, type PostgresRowsOptions } from './row-store.ts';
