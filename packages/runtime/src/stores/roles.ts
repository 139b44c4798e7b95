import { OrchestratorError, type StoreRoles } from '@agent-orchestrator/core';
import { locateStore } from './locate-store.ts';

/**
 * The roles of a shared store: its owner, the agents, and readers.
 *
 * @throws `STORE_UNSUPPORTED` for a store without roles
 */
export async function rolesOf(url: string): Promise<StoreRoles> {
  const { provider, location } = await locateStore(url);
  if (provider.place?.roles === undefined)
    throw new OrchestratorError('STORE_UNSUPPORTED', `${location.url} has no roles: only a server has them.`, {
      field: 'roles',
      hint: 'Omit --roles, or set --store to the URL of a server.',
    });
  return provider.place.roles(location);
}
