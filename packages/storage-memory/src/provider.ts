import { OrchestratorError, type StorageProvider } from '@agent-orchestrator/core';

/**
 * `memory:` names a new, empty store each time: it lives as long as what opened it, and only that process sees it. So
 * there are no rows to move and no place to look at.
 */
export const provider: StorageProvider = {
  schemes: ['memory'],
  name: 'memory',
  example: 'memory:',

  parseUrl(url) {
    if (!/^memory:$/i.test(url))
      throw new OrchestratorError('STORE_URL_INVALID', 'A memory store has no name: the URL must be memory: alone.', {
        field: 'store',
        hint: 'Use memory:',
      });
    return { scheme: 'memory', url: 'memory:', address: 'memory:' };
  },

  async open() {
    const { openMemoryStorage } = await import('./open-memory-storage.ts');
    return openMemoryStorage();
  },
};
