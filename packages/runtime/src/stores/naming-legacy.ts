import { OrchestratorError, type StoreLocation } from '@agent-orchestrator/core';

/**
 * Opens a store, and reports a database of the proof of concept as such: its default path was the same. The error says
 * how to import it. The file is not changed.
 *
 * @throws `STORE_LEGACY`, and the errors of `open`
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
