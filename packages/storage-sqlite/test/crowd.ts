import { join } from 'node:path';
import Database from 'better-sqlite3';
import {
  keptIfItFails,
  runProcesses,
  seedOfRun,
  type ProcessReport,
  type ProcessRun,
} from '@agent-orchestrator/storage-conformance';
import { openSqliteStorage } from '../src/index.ts';

/** What differs from run to run. */
export type CrowdRun = Omit<ProcessRun, 'seed' | 'child' | 'address' | 'folder' | 'ttlMs' | 'staleAfterMs'>;
export { keptIfItFails } from '@agent-orchestrator/storage-conformance';

/** A run of many processes on one file. Its seed can be given, to repeat it; what it leaves is kept if it fails. */
export async function runCrowd(
  run: CrowdRun,
  child = new URL('open-process.ts', import.meta.url),
): Promise<ProcessReport & { readonly integrity: unknown }> {
  const folder = keptIfItFails();
  const path = join(folder, 'store.db');
  const seed = seedOfRun();
  const storage = await openSqliteStorage({ path });
  await storage.migrate();
  await storage.close();
  const report = await runProcesses({
    ...run,
    seed,
    child,
    address: path,
    folder,
    ttlMs: 1_000,
    staleAfterMs: 1_000,
  });
  console.log(JSON.stringify(report.figures));
  return { ...report, integrity: integrityOf(path) };
}

/** What SQLite itself says of the file. */
export function integrityOf(path: string): unknown {
  const db = new Database(path, { readonly: true });
  try {
    return db.pragma('integrity_check', { simple: true });
  } finally {
    db.close();
  }
}
