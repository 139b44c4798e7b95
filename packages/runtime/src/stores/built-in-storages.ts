import type { StorageProvider } from '@agent-orchestrator/core';

/**
 * The storages that come with this package, in the order in which they are asked for a scheme. Only this file names
 * them, and `built-in-schemes.ts` their schemes. Each is loaded when it is needed. Each `import()` is written out,
 * because a bundler has to see it.
 */
export const BUILT_IN_STORAGES: Readonly<Record<string, () => Promise<{ readonly provider: StorageProvider }>>> = {
  '@agent-orchestrator/storage-sqlite': () => import('@agent-orchestrator/storage-sqlite/provider'),
  '@agent-orchestrator/storage-postgres': () => import('@agent-orchestrator/storage-postgres/provider'),
  '@agent-orchestrator/storage-memory': () => import('@agent-orchestrator/storage-memory/provider'),
};
