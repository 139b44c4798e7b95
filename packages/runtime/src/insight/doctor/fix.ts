import { counted, Orchestrator, OrchestratorError, type PlaceFix } from '@agent-orchestrator/core';
import { newCommandId } from '../../system/command-id.ts';
import { newSeed } from '../../system/seed.ts';
import { locateStore, type LocatedStore } from '../../stores/locate-store.ts';
import { namingStorage, STORAGE_METHODS } from '../../stores/naming-storage.ts';
import { RECOVER_STALE, type Finding } from './finding.ts';

/** What was done about a finding. */
export interface Fix extends PlaceFix {
  readonly fix: string;
}

/** Sessions recovered in one call. */
const BATCH = 100;

/**
 * Does what is safe about the findings: nothing that takes anything from a live holder. What is recovered comes first:
 * it is written to a log that another fix may empty.
 */
export async function fixFindings(
  url: string,
  findings: readonly Finding[],
  namespaces: readonly string[],
): Promise<Fix[]> {
  const store = await locateStore(url);
  const asked = new Set(findings.flatMap(({ fix }) => fix ?? []));
  const fixes: Fix[] = [];
  if (asked.delete(RECOVER_STALE)) fixes.push(await attempted(RECOVER_STALE, () => recoverStale(store, namespaces)));
  for (const fix of asked) fixes.push(await attempted(fix, () => fixPlace(store, fix)));
  return fixes;
}

/** One that fails keeps no other from being tried. */
async function attempted(fix: string, run: () => Promise<PlaceFix>): Promise<Fix> {
  try {
    return { fix, ...(await run()) };
  } catch (error) {
    if (!(error instanceof OrchestratorError)) throw error;
    return { fix, done: false, message: `${error.message} (${error.code}) ${error.hint}` };
  }
}

async function fixPlace({ provider, location }: LocatedStore, fix: string): Promise<PlaceFix> {
  if (provider.place?.fix === undefined)
    throw new OrchestratorError('STORE_UNSUPPORTED', `${provider.name} cannot do ${fix}.`);
  return provider.place.fix(location, fix);
}

async function recoverStale(store: LocatedStore, namespaces: readonly string[]): Promise<PlaceFix> {
  const { provider, location } = store;
  const open = () => provider.open(location, { mode: 'existing' });
  await using orchestrator = new Orchestrator({
    storage: await namingStorage(store, open, STORAGE_METHODS),
    newCommandId,
    newSeed,
  });
  const sessions: string[] = [];
  for (const namespace of namespaces) {
    let recovered;
    do {
      ({ recovered } = await orchestrator.staleRecovery({ namespace, limit: BATCH }));
      sessions.push(...recovered.map(({ sessionId }) => sessionId));
    } while (recovered.length === BATCH);
  }
  const message =
    sessions.length === 0
      ? 'Nothing was left to recover: somebody came first.'
      : `${counted(sessions.length, 'session')} recovered: what ${sessions.length === 1 ? 'it' : 'they'} held waits in its old place, with its context.`;
  return { done: true, message };
}
