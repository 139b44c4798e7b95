import { OrchestratorError } from '@agent-orchestrator/core';
import type { LegacyImportOptions, LegacyImportResult } from '@agent-orchestrator/storage-sqlite';
import { locateStore } from './locate-store.ts';

export type { LegacyImportResult } from '@agent-orchestrator/storage-sqlite';

/**
 * Makes a store of a database of the proof of concept, in its place; without `apply`, tells what that would come to. A
 * copy of the old file stays beside it.
 *
 * @throws `STORE_NOT_LEGACY` where there is no such database, and the other `STORE_` codes; then nothing was changed
 */
export async function importLegacy(
  url: string,
  options: Pick<LegacyImportOptions, 'apply' | 'onProgress'>,
): Promise<LegacyImportResult & { readonly url: string }> {
  const { location } = await locateStore(url);
  const { path, url: shown } = location;
  if (path === undefined)
    throw new OrchestratorError('STORE_NOT_LEGACY', `The proof of concept kept a file, and ${shown} is none.`);
  const { importLegacy: importFile } = await import('@agent-orchestrator/storage-sqlite');
  return { url: shown, ...(await importFile({ path, ...options })) };
}
