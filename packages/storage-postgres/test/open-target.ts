import type { Storage } from '@agent-orchestrator/core';
import { TestClock, type Opened } from '@agent-orchestrator/storage-conformance';
import { afterAll, inject } from 'vitest';
import { openPostgresStorage } from '../src/index.ts';
import { createDatabase, type TestDatabase } from './harness/databases.ts';

/** A store and a second connection to it, used as an agent uses it. */
export interface OpenedPostgres extends Opened {
  readonly url: string;
  readonly adminUrl: string;
}

let fileDatabase: Promise<TestDatabase> | undefined;

afterAll(async () => (await fileDatabase)?.drop());

/** Cases run one after the other, so all of a file use one database, empty for each. */
export async function openTarget(): Promise<OpenedPostgres> {
  const database = await (fileDatabase ??= createDatabase(inject('postgresUrl')));
  await database.empty();
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
    },
  };
}

export function reopen({ url, clock }: OpenedPostgres): Promise<Storage> {
  return openPostgresStorage({ url, clock });
}
