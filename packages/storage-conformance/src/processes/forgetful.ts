import type { Storage } from '@agent-orchestrator/core';
import { delegate } from '../interleave.ts';

/**
 * Plants a fault that a run has to find: a storage that forgets receipts, so a retried command is decided again.
 */
export function forgetful(storage: Storage): Storage {
  return {
    ...delegate(storage),
    transact: async (scope, decide) =>
      storage.transact(scope, (loaded) => ({ ...decide({ ...loaded, receipt: null }), receipt: null })),
  };
}
