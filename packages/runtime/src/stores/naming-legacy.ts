import { OrchestratorError, type StoreLocation } from '@agent-orchestrator/core';

/**
 * Opens what may be in a file of the proof of concept, which kept it where a store is by default: then the error says so,
 * and names the way to import it. The file is left as it is.
 *
 * @throws `STORE_LEGACY`, and what `open` throws
 */
export async function namingLegacy<R>({ path }: StoreLocation, open: () => Promise<R>): Promise<R> {
  try {
    return await open();
  } catch (error) {
    if (path === undefined || !(error instanceof OrchestratorError) || error.code !== 'STORE_NOT_A_DATABASE')
      throw error;
    const { isLegacyDatabase } = await import('@agent-orchestrator/import-legacy');
    if (!isLegacyDatabase(path)) throw error;
    throw new OrchestratorError('STORE_LEGACY', `${path} is the database of the proof of concept. It was not touched.`);
  }
}
