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

/** A target for the suite. */
export function targetOf({
  name,
  server = async () => inject('postgresUrl'),
  through = async (url) => url,
  walk = {},
}: TargetOptions): Target<OpenedPostgres> {
  const databases = new Databases(server);
  afterAll(() => databases.drop());
  return {
    name,
    walk,
    ...offer,

    async open() {
      const database = await databases.take();
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
          databases.giveBack(database);
        },
      };
    },
  };
}

/** Databases for the cases of a test file, one after the other, since making one takes longer than most of the cases. */
class Databases {
  readonly #server: () => Promise<string>;
  readonly #all: TestDatabase[] = [];
  readonly #free: TestDatabase[] = [];

  constructor(server: () => Promise<string>) {
    this.#server = server;
  }

  /** One that is empty and that no other case uses. */
  async take(): Promise<TestDatabase> {
    const database = this.#free.pop() ?? (await this.#create());
    await database.empty();
    return database;
  }

  giveBack(database: TestDatabase): void {
    this.#free.push(database);
  }

  async drop(): Promise<void> {
    await Promise.all(this.#all.map((database) => database.drop()));
  }

  async #create(): Promise<TestDatabase> {
    const database = await createDatabase(await this.#server());
    this.#all.push(database);
    return database;
  }
}
