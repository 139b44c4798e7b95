import type { PublicLease } from '@agent-orchestrator/core';
import { LeaseFiles } from '../processes/lease-files.ts';
import { removeLeftFiles } from '../processes/left-files.ts';
import { storeForOthers } from '../stores/hand-over.ts';
import { isSet } from '../system/environment.ts';

/** Variables of a command, and the files that they name, which the command needs. */
export interface PrivateStore {
  readonly variables: NodeJS.ProcessEnv;
  readonly files: LeaseFiles | null;
}

/**
 * How a command finds the store that its environment names. A password is in a private file: an environment is
 * inherited by all that the command starts, and shown in crash reports and logs.
 */
export async function privateStore(env: NodeJS.ProcessEnv, lease: PublicLease): Promise<PrivateStore> {
  const url = env['ORCHESTRATOR_STORE'];
  // What is no store URL here is none for the command either, which says so if it needs the store.
  const store = isSet(url) ? await storeForOthers(url).catch(() => null) : null;
  if (store === null || store.secret === null) return { variables: {}, files: null };
  removeLeftFiles();
  const files = new LeaseFiles(lease);
  return { variables: { ORCHESTRATOR_STORE: store.address, ...files.handOver(store.secret) }, files };
}
