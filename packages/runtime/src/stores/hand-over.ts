import type { HandedSecret } from '@agent-orchestrator/core';
import { locateStore } from './locate-store.ts';

/** How a program that this process starts, or a shell, opens the store. */
export interface StoreForOthers {
  /** The store URL, valid in any current folder. Without a secret, if the storage can say it so. */
  readonly address: string;
  /** A secret that the address lacks. */
  readonly secret: HandedSecret | null;
}

/**
 * What to tell another program of a store. An environment is inherited by all that the program starts, and shown in
 * crash reports and logs, so a password does not belong there.
 */
export async function storeForOthers(url: string): Promise<StoreForOthers> {
  const { provider, location } = await locateStore(url);
  return provider.withoutSecret?.(location) ?? { address: location.address, secret: null };
}
