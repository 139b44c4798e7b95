import { Orchestrator } from '@agent-orchestrator/core';
import { newCommandId } from '../command-id.ts';
import { openStorage } from '../open-storage.ts';
import { parseStoreUrl, type StoreUrl } from '../store-url.ts';
import type { Finding, FixName } from './finding.ts';
import { counted } from './words.ts';

/** What was done about a finding. */
export interface Fix {
  readonly fix: FixName;
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
  if (asked.has('tighten_files')) fixes.push(await tightenFiles(store));
  if (asked.has('recover_stale')) fixes.push(await recoverStale(url, namespaces));
  if (asked.has('empty_log')) fixes.push(await emptyLog(store));
  return fixes;
}

async function tightenFiles(store: StoreUrl): Promise<Fix> {
  const { tightenSqliteFile } = await import('@agent-orchestrator/storage-sqlite');
  const changed = 'path' in store ? tightenSqliteFile(store.path) : [];
  return { fix: 'tighten_files', message: `Only their owner may now open ${changed.join(', ')}.` };
}

async function emptyLog(store: StoreUrl): Promise<Fix> {
  const { emptySqliteLog } = await import('@agent-orchestrator/storage-sqlite');
  const all = 'path' in store && (await emptySqliteLog(store.path));
  const message = all
    ? 'The write-ahead log was brought into the database and emptied.'
    : 'The write-ahead log was brought into the database as far as a read that still goes on allows.';
  return { fix: 'empty_log', message };
}

async function recoverStale(url: string, namespaces: readonly string[]): Promise<Fix> {
  await using orchestrator = new Orchestrator({ storage: await openStorage(url, { mode: 'existing' }), newCommandId });
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
  return { fix: 'recover_stale', message };
}
