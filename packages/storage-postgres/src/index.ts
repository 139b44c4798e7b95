/** The storage for several machines: a database on a server. Start at `provider`, or at `openPostgresStorage`. */
export { openPostgresStorage, type PostgresStorageOptions } from './open.ts';
export { createRoles } from './place/roles.ts';
export { provider } from './provider.ts';
export { ROLE_STATEMENTS } from './schema/roles.ts';
export { openPostgresRows, type PostgresRowsOptions } from './copy/row-store.ts';
