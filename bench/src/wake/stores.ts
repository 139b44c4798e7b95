import { openOrchestrator, type Orchestrator } from '@agent-orchestrator/runtime';
import type { Bench } from '../bench-case.ts';
import { postgres } from '../postgres/subject.ts';
import { sqlite } from '../sqlite/subject.ts';

/** An empty store that several processes share, and another beside it that only this process uses. */
export interface SharedStore {
  readonly name: string;
  readonly url: string;
  readonly shared: Orchestrator;
  readonly own: Orchestrator;
}

/** Does the same on a file, and on the server of the run. */
export async function onEachStore<R>(
  { folder, server }: Bench,
  use: (store: SharedStore) => Promise<readonly R[]>,
): Promise<readonly R[]> {
  const results: R[] = [];
  for (const [name, subject] of [
    ['SQLite', sqlite(folder, 'FULL')],
    ['Postgres', postgres(await server())],
  ] as const) {
    const stores = { shared: await subject.create('shared'), own: await subject.create('own') };
    try {
      await using shared = await openOrchestrator(stores.shared.url);
      await using own = await openOrchestrator(stores.own.url);
      results.push(...(await use({ name, url: stores.shared.url, shared, own })));
    } finally {
      for (const store of Object.values(stores)) await subject.remove(store);
    }
  }
  return results;
}
