import { TestClock } from '@agent-orchestrator/storage-conformance';
import { inject } from 'vitest';
import { openPostgresStorage } from '../src/index.ts';
import { createDatabase, type TestDatabase } from './harness/databases.ts';
import type { OpenedPostgres } from './opened.ts';

export interface CaseDatabasesOptions {
  /** The server; that of the run if left out. */
  readonly server?: () => Promise<string>;
  /** How agents reach a database, if not directly. */
  readonly through?: (url: string) => Promise<string>;
}

/** Databases for cases, used again and again: making one takes longer than most of the cases. */
export class CaseDatabases {
  readonly #server: () => Promise<string>;
  readonly #through: (url: string) => Promise<string>;
  readonly #all: TestDatabase[] = [];
  readonly #free: TestDatabase[] = [];

  constructor({ server = async () => inject('postgresUrl'), through = async (url) => url }: CaseDatabasesOptions = {}) {
    this.#server = server;
    this.#through = through;
  }

  /** Opens one that is empty, and that no other case uses until it is closed. */
  async open(): Promise<OpenedPostgres> {
    const database = this.#free.pop() ?? (await this.#create());
    await database.empty();
    const url = await this.#through(database.url);
    const clock = new TestClock();
    const [storage, peer] = await Promise.all([1, 2].map(() => openPostgresStorage({ url, clock })));
    if (storage === undefined || peer === undefined) throw new Error('the storages were not opened');
    return {
      url,
      adminUrl: database.adminUrl,
      storage,
      peer,
      clock,
      close: async () => {
        await Promise.all([storage.close(), peer.close()]);
        this.#free.push(database);
      },
    };
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
