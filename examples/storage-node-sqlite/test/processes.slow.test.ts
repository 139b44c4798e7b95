/*
 * Several processes on one file:
 *  - killed and halted at random, they do every task exactly once, and the file is whole
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { keptIfItFails, runProcesses, seedOfRun } from '@agent-orchestrator/storage-conformance';
import { openNodeSqliteStorage } from 'example-storage-node-sqlite';
import { expect, test } from 'vitest';

test('three processes that are killed again and again do every task exactly once', { timeout: 90_000 }, async () => {
  const folder = keptIfItFails();
  const path = join(folder, 'store.db');
  const storage = await openNodeSqliteStorage({ path });
  await storage.migrate();
  await storage.close();

  const { errors, notOnce, violations, verification, figures } = await runProcesses({
    workers: 3,
    tasks: 60,
    sharedSessions: 5,
    kills: 4,
    failpoints: 0,
    pauses: 1,
    timeoutMs: 80_000,
    seed: seedOfRun(),
    child: new URL('open-process.ts', import.meta.url),
    address: path,
    folder,
    ttlMs: 1_000,
    staleAfterMs: 1_000,
  });

  using db = new DatabaseSync(path);
  const integrity = db.prepare('PRAGMA integrity_check').all();
  expect({ errors, notOnce, violations, findings: verification.findings, integrity }).toEqual({
    errors: [],
    notOnce: [],
    violations: [],
    findings: [],
    integrity: [{ integrity_check: 'ok' }],
  });
  expect(figures.kills).toBeGreaterThanOrEqual(4);
});
