import { Orchestrator, type Verification } from '@agent-orchestrator/core';
import { newCommandId } from '../system/command-id.ts';
import { newSeed } from '../system/seed.ts';
import { openStorage } from './open-storage.ts';
import { parseStoreUrl, type StoreUrl } from './url.ts';

/** What a look at the whole store found. */
export interface StoreCheck {
  readonly url: string;
  /** Neither damage nor a finding. */
  readonly ok: boolean;
  /** What the database says of its own file, one sentence each. */
  readonly damage: readonly string[];
  /** The log against the state; null where the file is too damaged to read it. */
  readonly verification: Verification | null;
  /** Every event up to this id was verified; null likewise. */
  readonly asOf: number | null;
}

/**
 * Checks a store from the file up: that it can be opened, that the database finds its file whole, and `verify`.
 * Reads only.
 *
 * @throws `STORE_NOT_FOUND` and the other `STORE_` codes, where it cannot even be opened
 */
export async function checkStore(url: string): Promise<StoreCheck> {
  const store = parseStoreUrl(url);
  const storage = await openStorage(url, { mode: 'read-only' });
  await using orchestrator = new Orchestrator({ storage, newCommandId, newSeed });
  const damage = await damageOf(store);
  try {
    const asOf = await orchestrator.asOf();
    const verification = await orchestrator.verify();
    return { url: store.url, ok: damage.length === 0 && verification.ok, damage, verification, asOf };
  } catch (error) {
    // Where damage was found, that it cannot be read to the end is no news.
    if (damage.length === 0) throw error;
    return { url: store.url, ok: false, damage, verification: null, asOf: null };
  }
}

async function damageOf(store: StoreUrl): Promise<readonly string[]> {
  if (store.scheme !== 'sqlite') return [];
  const { checkSqliteFile } = await import('@agent-orchestrator/storage-sqlite');
  return checkSqliteFile(store.path);
}
