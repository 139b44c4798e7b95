import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { runProcesses, type ProcessReport, type ProcessRun } from '@agent-orchestrator/storage-conformance';
import { onTestFinished } from 'vitest';
import { openSqliteStorage } from '../src/index.ts';

/** What differs from run to run. */
export type CrowdRun = Omit<ProcessRun, 'seed' | 'child' | 'address' | 'folder' | 'ttlMs' | 'staleAfterMs'>;

/** A run of many processes on one file. Its seed can be given, to repeat it; what it leaves is kept if it fails. */
export async function runCrowd(
  run: CrowdRun,
  child = new URL('open-process.ts', import.meta.url),
): Promise<ProcessReport & { readonly integrity: unknown }> {
  const folder = keptIfItFails();
  const path = join(folder, 'store.db');
  const seed = Number(process.env['ORCHESTRATOR_TEST_SEED'] ?? Date.now() % 1_000_000);
  console.log(`seed ${seed} (repeat it with ORCHESTRATOR_TEST_SEED=${seed})`);

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

/** A new folder, of which a failed test prints the path and which a passed one removes. */
export function keptIfItFails(): string {
  const folder = mkdtempSync(join(tmpdir(), 'orchestrator-processes-'));
  onTestFinished(({ task }) => {
    if (task.result?.state === 'fail') console.log(`what the test left is kept in ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  });
  return folder;
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
