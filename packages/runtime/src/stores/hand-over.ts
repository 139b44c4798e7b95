import type { HandedSecret } from '@agent-orchestrator/core';
import type { Environment } from '../system/environment.ts';
import { locateStore } from './locate-store.ts';

/** How a program that this process starts, or a shell, opens the store. */
export interface StoreForOthers {
  /** The store URL, valid in any current folder. Without a secret, if the storage can say it so. */
  readonly address: string;
  /** A secret that the address lacks. */
  readonly secret: HandedSecret | null;
  /** Whether others may read the address: the storage shows it so to people, or took the secret out. */
  readonly isPublic: boolean;
}

/**
 * What to tell another program of a store. An environment is inherited by all that the program starts, and shown in
 * crash reports and logs, so a password does not belong there.
 */
export async function storeForOthers(url: string, env: Environment = process.env): Promise<StoreForOthers> {
  const { provider, location } = await locateStore(url, { env });
  const handed = provider.withoutSecret?.(location);
  if (handed) return { ...handed, isPublic: true };
  // A storage that cannot take a secret out of an address may still hide one from people.
  const { address, url: shown } = location;
  return { address, secret: null, isPublic: handed === null || address === shown };
}
