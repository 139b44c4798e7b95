import type { Storage } from '@agent-orchestrator/core';
import { TestClock, type Opened } from '@agent-orchestrator/storage-conformance';
import { inject } from 'vitest';
import { openPostgresStorage } from '../src/index.ts';
import { createDatabase } from './harness/databases.ts';

/** A store and a second connection to it, in a database of its own, used as an agent uses it. */
export interface OpenedPostgres extends Opened {
  readonly url: string;
  readonly adminUrl: string;
}

export async function openTarget(): Promise<OpenedPostgres> {
  const database = await createDatabase(inject('postgresUrl'));
  const { url, adminUrl } = database;
  const clock = new TestClock();
  const [storage, peer] = await Promise.all([openPostgresStorage({ url, clock }), openPostgresStorage({ url, clock })]);
  return {
    url,
    adminUrl,
    storage,
    peer,
    clock,
    close: async () => {
      await Promise.all([storage.close(), peer.close()]);
      await database.drop();
    },
  };
}

export function reopen({ url, clock }: OpenedPostgres): Promise<Storage> {
  return openPostgresStorage({ url, clock });
}
