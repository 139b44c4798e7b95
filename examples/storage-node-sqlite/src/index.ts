export { openNodeSqliteStorage, type NodeSqliteOptions } from './open.ts';
export { provider } from './provider.ts';
export { openNodeSqliteRows } from './row-store.ts';
