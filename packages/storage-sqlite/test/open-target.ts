import { rmSync } from 'node:fs';
import { TestClock, type Opened } from '@agent-orchestrator/storage-conformance';
import { openSqliteStorage } from '../src/index.ts';
import { newPath, folderOf } from './temporary-store.ts';

/** A store and a second connection to it, on a file of its own. */
export interface OpenedSqlite extends Opened {
  readonly path: string;
}

export async function openTarget(): Promise<OpenedSqlite> {
  const path = newPath();
  const clock = new TestClock();
  const storage = await openSqliteStorage({ path, clock });
  await storage.migrate();
  const peer = await openSqliteStorage({ path, clock });
  return {
    path,
    storage,
    peer,
    clock,
    close: async () => {
      await Promise.all([storage.close(), peer.close()]);
      rmSync(folderOf(path), { recursive: true, force: true });
    },
  };
}
