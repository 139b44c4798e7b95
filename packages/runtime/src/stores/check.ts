import { Orchestrator, type Verification } from '@agent-orchestrator/core';
import { newCommandId } from '../system/command-id.ts';
import { newSeed } from '../system/seed.ts';
import { locateStore } from './locate-store.ts';
import { openStorage } from './open-storage.ts';

/** The result of a check of the whole store. */
export interface StoreCheck {
  readonly url: string;
  /** true: neither damage nor a finding. */
  readonly ok: boolean;
  /** The damage that the engine found, one sentence each; null: it cannot check this kind of store. */
  readonly damage: readonly string[] | null;
  /** The log compared with the state; null: the file is too damaged to read. */
  readonly verification: Verification | null;
  /** Every event up to this id was verified; null: as above. */
  readonly asOf: number | null;
}

/**
 * Checks a store: that it can be opened, that the engine finds no damage, and that `verify` finds nothing. Reads only.
 *
 * @throws `STORE_NOT_FOUND` and the other `STORE_` codes, if the store cannot be opened
 */
export async function checkStore(url: string): Promise<StoreCheck> {
  const { provider, location } = await locateStore(url);
  const storage = await openStorage(url, { mode: 'read-only' });
  await using orchestrator = new Orchestrator({ storage, newCommandId, newSeed });
  const damage = (await provider.place?.check?.(location)) ?? null;
  const isWhole = damage === null || damage.length === 0;
  try {
    const asOf = await orchestrator.asOf();
    const verification = await orchestrator.verify();
    return { url: location.url, ok: isWhole && verification.ok, damage, verification, asOf };
  } catch (error) {
    // The damage explains why the store cannot be read to the end.
    if (isWhole) throw error;
    return { url: location.url, ok: false, damage, verification: null, asOf: null };
  }
}
