import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { openOrchestrator, type Orchestrator } from '@agent-orchestrator/runtime';
import { databaseUrl, withAdmin } from '../../../packages/storage-postgres/test/harness/databases.ts';
import { startEmbedded } from '../../../packages/storage-postgres/test/harness/embedded.ts';
import type { Bench } from '../bench-case.ts';
import { removeStore } from '../store.ts';

/** An empty store that several processes share, and another beside it that only this process uses. */
export interface SharedStore {
  readonly name: string;
  readonly url: string;
  readonly shared: Orchestrator;
  readonly own: Orchestrator;
}

/** Does the same on a file, and on a server of the bench's own. */
export async function onEachStore<R>(
  { folder }: Bench,
  use: (store: SharedStore) => Promise<readonly R[]>,
): Promise<readonly R[]> {
  const paths = ['shared.db', 'own.db'].map((name) => join(folder, name));
  // As root, the server runs as a user of its own, who has to get through to its data. As it comes, it syncs every commit.
  chmodSync(folder, 0o755);
  const server = await startEmbedded({ settings: [], parent: folder });
  try {
    await withAdmin(server.url, (sql) => sql.unsafe('CREATE DATABASE own'));
    const places = [
      { name: 'SQLite', url: `sqlite:${paths[0]}`, ownUrl: `sqlite:${paths[1]}` },
      { name: 'Postgres', url: server.url, ownUrl: databaseUrl(server.url, 'own') },
    ];
    const results: R[] = [];
    for (const { name, url, ownUrl } of places) {
      await using shared = await openOrchestrator(url);
      await using own = await openOrchestrator(ownUrl);
      results.push(...(await use({ name, url, shared, own })));
    }
    return results;
  } finally {
    await server.stop();
    for (const path of paths) removeStore(path);
  }
}
