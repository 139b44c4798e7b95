/** Opens an orchestrator from a URL and the environment. Start at `openOrchestrator`. */
export { backupStore, type BackupReport, type BackupStoreOptions } from './backup-store.ts';
export { checkStore, type StoreCheck } from './check-store.ts';
export { newCommandId } from './command-id.ts';
export { type Compared, type CopyProgress } from './copy-rows.ts';
export { abandonMove, moveStore, type AbandonReport, type MoveReport, type MoveStoreOptions } from './move-store.ts';
export { restoreStore, type RestoreReport, type RestoreStoreOptions } from './restore-store.ts';
export { resolveStore, type Environment, type ResolvedStore, type StoreSource } from './resolve-store.ts';
export { openOrchestrator, type OpenOrchestratorOptions } from './open-orchestrator.ts';
export { openStorage, type OpenStorageOptions, type StoreMode } from './open-storage.ts';
export { rolesOf, type StoreRoles } from './store-roles.ts';
export { parseStoreUrl, type StoreUrl } from './store-url.ts';
// What a program needs beside an open orchestrator, so that it can do with this package alone.
export {
  DEFAULTS,
  ERRORS,
  EVENT_DOCS,
  isEnded,
  isStale,
  LIMITS,
  Orchestrator,
  OrchestratorError,
} from '@agent-orchestrator/core';
