import { Orchestrator, OrchestratorError } from '@agent-orchestrator/core';
import { newCommandId } from '../../system/command-id.ts';
import { newSeed } from '../../system/seed.ts';
import { openStorage } from '../../stores/open-storage.ts';
import { parseStoreUrl, type StoreUrl } from '../../stores/url.ts';
import type { Finding, FixName } from './finding.ts';
import { counted } from './words.ts';

/** What was done about a finding. */
export interface Fix {
  readonly fix: FixName;
  readonly done: boolean;
  /** One sentence: what was changed, and what was not. */
  readonly message: string;
}

/** Sessions recovered in one call. */
const BATCH = 100;

/** Does what is safe about the findings: nothing that takes anything from anybody who is alive. */
export async function fixFindings(
  url: string,
  findings: readonly Finding[],
  namespaces: readonly string[],
): Promise<Fix[]> {
  const store = parseStoreUrl(url);
  const asked = new Set(findings.flatMap(({ fix }) => fix ?? []));
  const fixes: Fix[] = [];
  for (const [fix, mend] of Object.entries(fixesOf(url, store, namespaces)))
    if (asked.has(fix as FixName)) fixes.push(await attempted(fix as FixName, mend));
  return fixes;
}

type FixAction = () => Promise<Omit<Fix, 'fix'>>;

/** In this order: what is recovered first is written to a log that is emptied afterwards. */
function fixesOf(url: string, store: StoreUrl, namespaces: readonly string[]): Readonly<Record<FixName, FixAction>> {
  return {
    tighten_files: () => tightenFiles(store),
    recover_stale: () => recoverStale(url, namespaces),
    empty_log: () => emptyLog(store),
  };
}

/** One that fails keeps no other from being tried. */
async function attempted(fix: FixName, mend: FixAction): Promise<Fix> {
  try {
    return { fix, ...(await mend()) };
  } catch (error) {
    if (!(error instanceof OrchestratorError)) throw error;
    return { fix, done: false, message: `${error.message} (${error.code}) ${error.hint}` };
  }
}

async function tightenFiles(store: StoreUrl): Promise<Omit<Fix, 'fix'>> {
  const { tightenSqliteFile } = await import('@agent-orchestrator/storage-sqlite');
  const changed = 'path' in store ? tightenSqliteFile(store.path) : [];
  return { done: true, message: `Only their owner may now open ${changed.join(', ')}.` };
}

async function emptyLog(store: StoreUrl): Promise<Omit<Fix, 'fix'>> {
  const { emptySqliteLog } = await import('@agent-orchestrator/storage-sqlite');
  const done = 'path' in store && (await emptySqliteLog(store.path));
  const message = done
    ? 'The write-ahead log was brought into the database and emptied.'
    : 'The write-ahead log was brought into the database as far as a read that still goes on allows.';
  return { done, message };
}

async function recoverStale(url: string, namespaces: readonly string[]): Promise<Omit<Fix, 'fix'>> {
  await using orchestrator = new Orchestrator({
    storage: await openStorage(url, { mode: 'existing' }),
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
