export { openPostgresStorage, type PostgresStorageOptions } from './open-postgres-storage.ts';
export { ROLE_STATEMENTS } from './roles.ts';
