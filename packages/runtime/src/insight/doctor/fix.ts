import { counted, Orchestrator, OrchestratorError, type FixResult } from '@agent-orchestrator/core';
import { newCommandId } from '../../system/command-id.ts';
import { newSeed } from '../../system/seed.ts';
import { locateStore, type LocatedStore } from '../../stores/locate-store.ts';
import { namingStorage, STORAGE_METHODS } from '../../stores/naming-storage.ts';
import { RECOVER_STALE, type Finding } from './finding.ts';

/** What a fix did. */
export interface Fix extends FixResult {
  readonly fix: string;
}

/** Sessions recovered in one call. */
const BATCH = 100;

/**
 * Applies the safe fixes for the findings: none takes anything from a live holder. Recovery comes first, because it is
 * written to a write-ahead log that another fix may empty.
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

/** A fix that fails does not stop the others. */
async function attempted(fix: string, run: () => Promise<FixResult>): Promise<Fix> {
  try {
    return { fix, ...(await run()) };
  } catch (error) {
    if (!(error instanceof OrchestratorError)) throw error;
    return { fix, done: false, message: `${error.message} (${error.code}) ${error.hint}` };
  }
}

async function fixPlace({ provider, location }: LocatedStore, fix: string): Promise<FixResult> {
  if (provider.place?.fix === undefined)
    throw new OrchestratorError('STORE_UNSUPPORTED', `${provider.name} cannot do ${fix}.`);
  return provider.place.fix(location, fix);
}

async function recoverStale(store: LocatedStore, namespaces: readonly string[]): Promise<FixResult> {
  const { provider, location } = store;
  const open = () => provider.open(location, { mode: 'existing' });
  await using orchestrator = new Orchestrator({
    storage: await namingStorage(store, open, STORAGE_METHODS),
    newCommandId,
    newSeed,
  });
  const sessions: string[] = [];
  let isLocked = false;
  for (const namespace of namespaces) {
    let reply;
    do {
      reply = await orchestrator.staleRecovery({ namespace, limit: BATCH });
      sessions.push(...reply.recovered.map(({ sessionId }) => sessionId));
    } while (reply.more && reply.recovered.length > 0);
    isLocked ||= reply.more;
  }
  const tasks = sessions.length === 1 ? 'its task waits' : 'their tasks wait';
  const recovered =
    sessions.length === 0
      ? 'Nothing was left to recover: another process was faster.'
      : `${counted(sessions.length, 'session')} recovered: ${tasks} in the old place in the queue, with the context.`;
  const left = 'Stale sessions are left that another process has locked: run the command again.';
  if (!isLocked) return { done: true, message: recovered };
  return { done: false, message: sessions.length === 0 ? left : `${recovered} ${left}` };
}
