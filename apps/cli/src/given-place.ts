import { shellWord } from '@agent-orchestrator/runtime';
import type { Call } from './call.ts';

/** What flags of a call named. It is printed, so a password is not in it. */
export interface GivenPlace {
  readonly store: string | null;
  readonly namespace: string | null;
}

/** What a copied command has to name, because the shell would not know it. */
export async function givenPlace({ settings: { store, namespace } }: Pick<Call, 'settings'>): Promise<GivenPlace> {
  return {
    store: store.from === 'argument' ? await shownStore(store.value) : null,
    namespace: namespace.from === 'argument' ? namespace.value : null,
  };
}

/** The flags for it, with a blank before each; empty if there are none. */
export function placeFlags({ store, namespace }: GivenPlace): string {
  const named = store === null ? '' : ` --store ${shellWord(store)}`;
  return named + (namespace === null ? '' : ` --namespace ${shellWord(namespace)}`);
}

async function shownStore(store: string): Promise<string> {
  const { locateStore, storeForOthers } = await import('./store-access.ts');
  const { address, isPublic } = await storeForOthers(store);
  return isPublic ? address : (await locateStore(store)).location.url;
}
