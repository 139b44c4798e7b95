// Statements are prepared once for each connection:
// - reads, snapshots, writes, and the look whether another process wrote, prepare nothing when they are repeated
import Database from 'better-sqlite3';
import type { Reader } from '@agent-orchestrator/core';
import { afterEach, expect, test, vi } from 'vitest';
import { OpenFile } from '../src/file/open-file.ts';
import { SqliteReader } from '../src/read/reader.ts';
import { Readers } from '../src/read/readers.ts';
import { systemClock } from '../src/index.ts';
import { aDecision, aStore } from './factories.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

async function readAll(reader: Reader): Promise<void> {
  const page = { namespace: 'default', limit: 10 };
  await reader.sessions({ ...page, status: ['running'] });
  await reader.tasks({ ...page, kind: 'build' });
  await reader.events({ ...page, sessionId: 's' });
  await reader.session('default', 's');
  await reader.task('default', 't');
  await reader.counts('default', 10);
  await reader.claimPreview({ by: 'session', namespace: 'default', sessionId: 's', scheduledLimit: 1 });
  await reader.settledEventId();
  await reader.namespaces();
  await reader.storeState();
}

test('what is repeated prepares nothing', async () => {
  const { path, storage } = await aStore();
  const file = new OpenFile(path);
  file.hold();
  const readers = new Readers(file, 1_000);
  const reader = new SqliteReader(readers, systemClock);
  const all = async () => {
    await readAll(reader);
    await reader.snapshot(readAll);
    readers.dataVersion();
    await storage.transact({ by: 'new', namespace: 'default', sessionIds: [], taskIds: [], dedupeKeys: [] }, () =>
      aDecision('done'),
    );
  };
  await all();
  const prepared = (['prepare', 'pragma', 'exec'] as const).map((name) => vi.spyOn(Database.prototype, name));

  await all();
  await all();

  expect(prepared.map(({ mock }) => mock.calls)).toEqual([[], [], []]);
  file.closeAfter(() => readers.close());
  await storage.close();
});
