import { copyFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import {
  keyOfRow,
  LIMITS,
  OrchestratorError,
  TABLE_NAMES,
  type Event,
  type Lease,
  type RowKey,
  type StoreState,
} from '@agent-orchestrator/core';
import { checkInvariants, readEvents } from '@agent-orchestrator/storage-conformance';
import { checkStore, openStorage, type Orchestrator } from '@agent-orchestrator/runtime';
import { expect, inject, onTestFinished } from 'vitest';
import { openRows } from '../../packages/runtime/src/stores/open-rows.ts';
import { createDatabase } from '../../packages/storage-postgres/test/harness/databases.ts';
import { newPlace, openedAt, type Kind } from '../support/stores.ts';
import type { Operation } from './operation.ts';

/** One store, or two, on which an operation is killed once. */
export interface Trial {
  readonly operation: Operation;
  /** What must hold wherever it was killed. Tells whether it had come to its end. */
  readonly promised: () => Promise<'done' | 'cut off'>;
  /** Does it, if not by the same call again. */
  readonly finish?: () => Promise<void>;
  /** What must hold once it was done to its end. */
  readonly done: () => Promise<void>;
}

/** Makes what all trials of an operation share, and tells how one is made. */
export type Prepare = (kind: Kind) => Promise<() => Promise<Trial>>;

/** So many that every long table, and every pass, takes several pages. */
export const SESSIONS = 260;
export const HELD = 210;
/** Leases that are tried once more. */
export const SOME = 20;

const HALF_AN_HOUR_MS = 1_800_000;

/** A store, with the leases of the sessions that are held in it. */
export interface FilledStore {
  readonly url: string;
  readonly held: readonly Lease[];
}

/**
 * A store that no process has open, to be copied.
 * It has held sessions, and sessions whose first task is done; each has one more task that waits.
 *
 * @param clock `behind`: the leases are over and stale by now
 *   `ahead`: the leases seem to begin in the future, so that the next process finds a jump of the clock
 */
export async function filledStore(kind: Kind, clock: 'behind' | 'ahead' = 'behind'): Promise<FilledStore> {
  const url = await newPlace(kind);
  await using orchestrator = await openedAt(url, clock === 'ahead' ? HALF_AN_HOUR_MS : -HALF_AN_HOUR_MS);
  await addToEach(orchestrator);
  await addToEach(orchestrator);
  const claimed = await orchestrator.claimTasks({
    agent: 'company-agent',
    limit: SESSIONS,
    ttlMs: 1_000,
    staleAfterMs: 1_000,
  });
  const claims = claimed.ok ? claimed.claims : [];
  const leases = claims.map(({ lease }) => lease);
  expect(leases).toHaveLength(SESSIONS);
  await orchestrator.releaseTasks(leases.slice(HELD).map(({ token }) => ({ token, outcome: 'succeeded' })));
  return { url, held: leases.slice(0, HELD) };
}

async function addToEach(orchestrator: Orchestrator): Promise<void> {
  const payload = { text: 'x'.repeat(100) };
  await orchestrator.enqueueTasks(
    Array.from({ length: SESSIONS }, (_, at) => ({ sessionId: `session-${at}`, payload })),
  );
}

/** A copy of a store that no process has open. */
export async function copyOf(url: string): Promise<string> {
  if (!url.startsWith('sqlite:')) {
    const database = await createDatabase(inject('postgresUrl'), { template: new URL(url).pathname.slice(1) });
    onTestFinished(() => database.drop());
    return database.adminUrl;
  }
  const copy = await newPlace('sqlite');
  copyFileSync(pathOf(url), pathOf(copy));
  return copy;
}

export function pathOf(url: string): string {
  return url.slice('sqlite:'.length);
}

/** A digest of each table's rows. */
export async function rowsOf(url: string): Promise<Record<string, string>> {
  await using store = await openRows(url, 'read-only');
  const digests: Record<string, string> = {};
  for (const table of TABLE_NAMES) {
    const digest = createHash('sha256');
    for (let after: RowKey = null; ;) {
      const rows = await store.rows(table, after, LIMITS.page_max);
      const last = rows.at(-1);
      if (last === undefined) break;
      for (const row of rows)
        digest.update(JSON.stringify(Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1))));
      after = keyOfRow(table, last);
    }
    digests[table] = digest.digest('hex');
  }
  return digests;
}

/** The status of a store; null: it is open for work; `absent`: there is none. */
export async function statusOf(url: string): Promise<StoreState['status'] | 'absent' | null> {
  try {
    await using store = await openRows(url, 'read-only');
    return (await store.storeState())?.status ?? null;
  } catch (error) {
    if (error instanceof OrchestratorError && error.code === 'STORE_NOT_FOUND') return 'absent';
    throw error;
  }
}

/** Asks the database, `verify` and the invariant checker whether all is well. */
export async function whole(url: string): Promise<readonly Event[]> {
  const { damage, verification } = await checkStore(url);
  const storage = await openStorage(url, { mode: 'read-only' });
  try {
    const events = await readEvents(storage);
    const violations = checkInvariants({ events });
    // null: the engine has no check of its own.
    expect({ damage: damage ?? [], findings: verification?.findings, violations }).toEqual({
      damage: [],
      findings: [],
      violations: [],
    });
    return events;
  } finally {
    await storage.close();
  }
}
