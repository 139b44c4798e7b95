import type { Storage } from '@agent-orchestrator/core';
import type { OpenProcess } from '@agent-orchestrator/storage-conformance/processes';
import { openSqliteStorage } from '../src/index.ts';

/** A storage with a planted fault: it forgets receipts, so a command that is sent again is judged anew. */
export const open: OpenProcess['open'] = async (address) => {
  const storage = await openSqliteStorage({ path: address });
  const transact: Storage['transact'] = async (scope, decide) =>
    storage.transact(scope, (loaded) => ({ ...decide({ ...loaded, receipt: null }), receipt: null }));
  return {
    capabilities: storage.capabilities,
    read: storage.read,
    migrate: async () => storage.migrate(),
    transact,
    watch: async (onChange) => storage.watch(onChange),
    close: async () => storage.close(),
  };
};
