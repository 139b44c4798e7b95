import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Orchestrator, type Lease, type RowStore, type StoreState } from '@agent-orchestrator/core';
import {
  locateStore,
  newCommandId,
  newSeed,
  openOrchestrator,
  type OpenOrchestratorOptions,
} from '@agent-orchestrator/runtime';
import { openPostgresRows, openPostgresStorage } from '@agent-orchestrator/storage-postgres';
import { openSqliteRows, openSqliteStorage } from '@agent-orchestrator/storage-sqlite';
import { inject, onTestFinished } from 'vitest';
import { openWriter } from '../../packages/storage-sqlite/src/connection.ts';
import { createDatabase, withAdmin } from '../../packages/storage-postgres/test/harness/databases.ts';

/** The kinds of store that outlive a process. */
export const KINDS = ['sqlite', 'postgres'] as const;
export type Kind = (typeof KINDS)[number];
/** From each kind to each. */
export const PAIRS = KINDS.flatMap((from) => KINDS.map((to) => [from, to] as const));
/** Between two shared stores there is nothing that these do not show. */
export const TELLING_PAIRS = PAIRS.filter((pair) => !pair.every((kind) => kind === 'postgres'));

/** The URL of a place where nothing is yet; it goes with the test. */
export async function newPlace(kind: Kind): Promise<string> {
  if (kind === 'sqlite') return `sqlite:${join(newFolder(), 'store.db')}`;
  const database = await createDatabase(inject('postgresUrl'), { migrated: false });
  onTestFinished(() => database.drop());
  return database.adminUrl;
}

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'stores-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An orchestrator that closes with the test. */
export async function opened(url: string, options: OpenOrchestratorOptions = {}): Promise<Orchestrator> {
  const orchestrator = await openOrchestrator(url, options);
  onTestFinished(() => orchestrator[Symbol.asyncDispose]());
  return orchestrator;
}

/** One whose authority's clock is so far ahead, or behind. */
export async function openedAt(url: string, aheadMs: number): Promise<Orchestrator> {
  const clock = { read: () => ({ wall: Date.now() + aheadMs, steady: 0, uptime: 0, boot: null }) };
  const storage = url.startsWith('sqlite:')
    ? await openSqliteStorage({ path: url.slice('sqlite:'.length), clock })
    : await openPostgresStorage({ url, clock });
  onTestFinished(() => storage.close());
  await storage.migrate();
  return new Orchestrator({ storage, newCommandId, newSeed });
}

/**
 * Some of everything: done, failed, held, waiting, scheduled; a context, receipts, two namespaces.
 *
 * @returns the lease of the task that runs
 */
export async function fill(orchestrator: Orchestrator): Promise<Lease> {
  await orchestrator.enqueueTasks([
    { id: 'done', sessionId: 's', payload: { text: 'ü \\ " \n end' } },
    { id: 'runs', sessionId: 's' },
    { id: 'waits', sessionId: 's', dedupeKey: 'once' },
    { id: 'alone', kind: 'other', attemptsMax: 1 },
    { id: 'later', delayMs: 3_600_000 },
  ]);
  await orchestrator.enqueueTask({ namespace: 'other', id: 'done', title: 'of another project' });
  const first = await claim(orchestrator);
  await orchestrator.releaseTask({ token: first.token, outcome: 'succeeded', result: [1, null, 'x'] });
  const alone = await claim(orchestrator, 'alone');
  await orchestrator.releaseTask({ token: alone.token, outcome: 'failed', error: { message: 'no' } });
  const held = await claim(orchestrator);
  await orchestrator.checkpoint({ token: held.token, nextAction: 'continue', data: { pages: 3 } });
  return held;
}

export async function claim(orchestrator: Orchestrator, sessionId = 's'): Promise<Lease> {
  const claimed = await orchestrator.claimTask({ agent: 'company-agent', sessionId });
  if (!claimed.ok) throw new Error(`nothing was claimed: ${claimed.reason}`);
  return claimed.lease;
}

/** Everything that can be read, but for what this call itself moves. */
export async function everythingIn(url: string): Promise<unknown> {
  await using orchestrator = await openOrchestrator(url, { mode: 'read-only' });
  const namespaces = await Promise.all(
    ['default', 'other'].map(async (namespace) => ({
      sessions: (await orchestrator.listSessions({ namespace, limit: 500 })).items,
      tasks: (await orchestrator.listTasks({ namespace, limit: 500 })).items,
      events: (await orchestrator.listEvents({ namespace, limit: 500 })).items,
    })),
  );
  return namespaces;
}

/** What cuts a copy off. */
export class Cut extends Error {}

/** Cuts it off at the n-th sign of progress. */
export function cutAt(step: number): () => void {
  let left = step;
  return () => {
    if ((left -= 1) === 0) throw new Cut();
  };
}

/** The name of a table, for statements. */
export function tableOf(kind: Kind, table: string): string {
  return kind === 'postgres' ? `orchestrator.${table}` : table;
}

/** Sends a statement past the storage. */
export async function statement(kind: Kind, url: string, text: string): Promise<void> {
  if (kind === 'postgres') return withAdmin(url, async (sql) => void (await sql.unsafe(text)));
  const db = openWriter(url.slice('sqlite:'.length));
  try {
    db.exec(text);
  } finally {
    db.close();
  }
}

/** The URL without its password, as messages name the store. */
export async function addressOf(url: string): Promise<string> {
  const { location } = await locateStore(url);
  return location.url;
}

/** What a mover that is killed right after it has changed the state of a store leaves behind. */
export async function changeStoreState(
  url: string,
  change: (state: StoreState | null) => StoreState | null,
): Promise<void> {
  await using rows = await openedRows(url);
  const state = await rows.storeState();
  await rows.changeStoreState(state, change(state));
}

async function openedRows(url: string): Promise<RowStore> {
  const { path } = (await locateStore(url)).location;
  return path === undefined ? openPostgresRows({ url }) : openSqliteRows({ path });
}
