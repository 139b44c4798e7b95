import { Orchestrator, type Verification } from '@agent-orchestrator/core';
import { newCommandId } from '../system/command-id.ts';
import { newSeed } from '../system/seed.ts';
import { locateStore } from './locate-store.ts';
import { openStorage } from './open-storage.ts';

/** What a look at the whole store found. */
export interface StoreCheck {
  readonly url: string;
  /** Neither damage nor a finding. */
  readonly ok: boolean;
  /** What the engine found damaged, one sentence each; null: it cannot check a store of this kind. */
  readonly damage: readonly string[] | null;
  /** The log against the state; null where the file is too damaged to read it. */
  readonly verification: Verification | null;
  /** Every event up to this id was verified; null likewise. */
  readonly asOf: number | null;
}

/**
 * Checks a store from the file up: that it can be opened, that the engine finds it whole, and `verify`.
 * Reads only.
 *
 * @throws `STORE_NOT_FOUND` and the other `STORE_` codes, where it cannot even be opened
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
    // Where damage was found, that it cannot be read to the end is no news.
    if (isWhole) throw error;
    return { url: location.url, ok: false, damage, verification: null, asOf: null };
  }
}
