import { TestClock, type Target } from '@agent-orchestrator/storage-conformance';
import { afterAll, inject } from 'vitest';
import { openPostgresStorage } from '../src/index.ts';
import { createDatabase, type TestDatabase } from './harness/databases.ts';
import { offer } from './offer.ts';
import type { OpenedPostgres } from './opened.ts';

export interface TargetOptions {
  readonly name: string;
  /** The server; that of the run if left out. */
  readonly server?: () => Promise<string>;
  /** How agents reach the database, if not directly. */
  readonly through?: (url: string) => Promise<string>;
  readonly walk?: Target['walk'];
}

/** A target for the suite. Cases run one after the other, so all of a test file use one database, empty for each. */
export function targetOf({
  name,
  server = async () => inject('postgresUrl'),
  through = async (url) => url,
  walk = {},
}: TargetOptions): Target<OpenedPostgres> {
  let created: Promise<TestDatabase> | undefined;
  afterAll(async () => (await created)?.drop());
  return {
    name,
    walk,
    ...offer,

    async open() {
      const database = await (created ??= server().then((url) => createDatabase(url)));
      await database.empty();
      const url = await through(database.url);
      const clock = new TestClock();
      const open = () => openPostgresStorage({ url, clock });
      const [storage, peer] = await Promise.all([open(), open()]);
      return {
        url,
        adminUrl: database.adminUrl,
        storage,
        peer,
        clock,
        close: async () => {
          await Promise.all([storage.close(), peer.close()]);
        },
      };
    },
  };
}
