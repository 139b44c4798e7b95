/*
 * How statements find their rows:
 *  - none of a unit of work, and no read but the lists with a filter, reads a table from end to end
 *  - what a claim chooses from comes in the order of an index
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Orchestrator, type Storage } from '@agent-orchestrator/core';
import { commandIdAt } from '@agent-orchestrator/storage-conformance';
import { openNodeSqliteStorage } from 'example-storage-node-sqlite';
import { OLDEST_HEADS, STATUSES_IN_SESSION } from '../src/statements.ts';
import { expect, onTestFinished, test, vi } from 'vitest';

/** The texts of all statements that were prepared meanwhile. */
async function statementsOf(work: (storage: Storage) => Promise<void>) {
  const folder = mkdtempSync(join(tmpdir(), 'node-sqlite-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'store.db');
  const storage = await openNodeSqliteStorage({ path });
  await storage.migrate();
  const prepare = vi.spyOn(DatabaseSync.prototype, 'prepare');
  await work(storage);
  const texts = [...new Set(prepare.mock.calls.map(([sql]) => sql))].filter((sql) => !sql.startsWith('PRAGMA'));
  prepare.mockRestore();
  await storage.close();
  return { path, texts };
}

/** All kinds of units of work, and all reads. */
async function everything(storage: Storage): Promise<void> {
  let commands = 0;
  const orchestrator = new Orchestrator({
    storage,
    newCommandId: () => commandIdAt(Date.now(), (commands += 1)),
    newSeed: () => randomBytes(16).toString('hex'),
  });
  const claimed = async (call: Parameters<Orchestrator['claimTask']>[0]) => {
    const reply = await orchestrator.claimTask(call);
    if (!reply.ok) throw new Error(`nothing was claimed: ${reply.reason}`);
    return reply;
  };
  await orchestrator.enqueueTasks([{ sessionId: 'a', dedupeKey: 'x' }, { sessionId: 'a', delayMs: 1 }, { kind: 'k' }]);
  await claimed({ agent: 'one', kinds: ['k'], resume: true });
  const first = await claimed({ agent: 'two' });
  await orchestrator.heartbeat({ token: first.lease.token });
  await orchestrator.checkpoint({ token: first.lease.token });
  await vi.waitUntil(async () => (await storage.read.now()) > first.task.createdAt + 1);
  await orchestrator.releaseTask({ token: first.lease.token, outcome: 'succeeded', claimNext: { agent: 'two' } });
  await orchestrator.heartbeat({ token: first.lease.token });
  await orchestrator.staleRecovery({});
  await orchestrator.closeSession({ sessionId: 'a' });
  await orchestrator.listEvents({ taskId: first.task.id });
  await orchestrator.listEvents({ sessionId: 'a' });
  await orchestrator.listLeases({});
  await orchestrator.listLeases({ before: null });
  await orchestrator.listLeases({ sessionId: 'a' });
  await orchestrator.listLeases({ from: 1 });
  await orchestrator.counts();
  await orchestrator.countsOfSession('a');
  await orchestrator.oldestClaimable();
  await orchestrator.verify();
  await storage.read.nextScheduled('default', 0);
  const heads = {
    by: 'ready',
    namespace: 'default',
    addressees: [''],
    limit: 1,
    heldLimit: 1,
    scheduledLimit: 1,
  } as const;
  await storage.read.claimPreview(heads);
  await storage.read.claimPreview({ ...heads, kinds: ['k'] });
}

test('no statement reads a table from end to end, and a claim sorts nothing', async () => {
  const { path, texts } = await statementsOf(everything);

  using db = new DatabaseSync(path);
  const plans = texts.map((sql) => ({
    sql,
    steps: db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map(({ detail }) => String(detail)),
  }));

  expect(texts.length).toBeGreaterThan(50);
  // What SQLite lists for the foreign keys of a new row runs only while another row lacks its parent.
  const scans = plans.filter(({ sql, steps }) => !sql.startsWith('INSERT') && steps.some(isScan));
  expect(scans).toEqual([]);
  const sorts = plans.filter(({ sql, steps }) => steps.some(isSort) && !maySort(sql));
  expect(sorts).toEqual([]);
  expect(texts).toEqual(expect.arrayContaining([OLDEST_HEADS, STATUSES_IN_SESSION]));
});

const isScan = (step: string): boolean => /^SCAN (?:sessions|tasks|event_log|receipts)\b/.test(step);
const isSort = (step: string): boolean => step.includes('TEMP B-TREE');
/**
 * What one agent holds is sorted: there is little of it, and an index would cost every claim a page. Heads come in the
 * order of a claim: the oldest of a bounded number are found by a sort, which no claim needs.
 */
const maySort = (sql: string): boolean => /FROM sessions .* ORDER BY fence/s.test(sql) || sql === OLDEST_HEADS;
