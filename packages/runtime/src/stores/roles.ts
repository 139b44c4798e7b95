import { OrchestratorError } from '@agent-orchestrator/core';
import { parseStoreUrl } from './url.ts';

/** The roles of a store whose database knows roles. */
export interface StoreRoles {
  /** What makes them and gives them their rights, for whoever may do that; each can be run again. */
  readonly statements: readonly string[];
  /** Runs the statements, all or nothing. */
  create(): Promise<void>;
}

/**
 * The roles that a shared store is used with: its owner, the agents, and who only reads.
 *
 * @throws `STORE_URL_INVALID` for a store without roles
 */
export async function rolesOf(url: string): Promise<StoreRoles> {
  const store = parseStoreUrl(url);
  if (store.scheme !== 'postgres')
    throw new OrchestratorError('STORE_URL_INVALID', 'This store has no roles: only a server knows some.', {
      field: 'store',
      hint: 'Leave --roles out, or point --store at a server.',
    });
  const { createRoles, ROLE_STATEMENTS } = await import('@agent-orchestrator/storage-postgres');
  return { statements: ROLE_STATEMENTS, create: () => createRoles(store.address) };
}
