import type { Clock, Storage } from '@agent-orchestrator/core';
import { TestClock } from '@agent-orchestrator/storage-conformance';
import { inject } from 'vitest';
import { openPostgresStorage } from '../src/index.ts';
import { createDatabase, type TestDatabase } from './harness/databases.ts';
import type { OpenedPostgres } from './opened.ts';

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

export interface CaseDatabasesOptions {
  /** The server; that of the run if left out. */
  readonly server?: () => Promise<string>;
  /** How agents reach a database, if not directly. */
  readonly through?: (url: string) => Promise<string>;
  /** Whether the units of work of a storage take effect in the order in which they came, as those of the model do. */
  readonly inOrder?: boolean;
}

/** A database, and the two storages that its cases share, one case after the other. */
class CaseDatabase {
  readonly database: TestDatabase;
  readonly #url: string;
  readonly #inOrder: boolean;
  readonly #clock = new ClockOfCase();
  #storages: readonly [Storage, Storage] | null = null;

  constructor(database: TestDatabase, url: string, inOrder: boolean) {
    this.database = database;
    this.#url = url;
    this.#inOrder = inOrder;
  }

  /** A server's process plans each statement when it meets it first. So the storages stay open for the next case. */
  async open(onClosed: () => void): Promise<OpenedPostgres> {
    await this.database.empty();
    const clock = this.#clock.next();
    const [storage, peer] = (this.#storages ??= await this.#openBoth());
    return {
      url: this.#url,
      adminUrl: this.database.adminUrl,
      storage,
      peer,
      clock,
      close: async () => {
        if (!(await this.#isReusable())) await this.close();
        onClosed();
      },
    };
  }

  async close(): Promise<void> {
    await Promise.all((this.#storages ?? []).map((storage) => storage.close()));
    this.#storages = null;
    this.#clock.reset();
  }

  /** Whether the case has left them as they were: it may have closed one, or set a clock that fences follow. */
  async #isReusable(): Promise<boolean> {
    if (!this.#clock.isNearStart) return false;
    const answers = await Promise.allSettled((this.#storages ?? []).map((storage) => storage.read.namespaces()));
    return answers.every(({ status }) => status === 'fulfilled');
  }

  async #openBoth(): Promise<readonly [Storage, Storage]> {
    const options = { url: this.#url, clock: this.#clock, ...(this.#inOrder && { groupsMax: 1 as const }) };
    const open = () => openPostgresStorage(options);
    return Promise.all([open(), open()]);
  }
}

/** The clock of the case that runs, for storages that outlive it. */
class ClockOfCase implements Clock {
  #current = new TestClock();

  read() {
    return this.#current.read();
  }

  /** A storage grants no fence twice, so the time of each case begins after that of the one before. */
  next(): TestClock {
    const { now } = this.#current;
    this.#current = new TestClock();
    this.#current.advance(Math.max(0, now - this.#current.now) + HOUR_MS);
    return this.#current;
  }

  /** Whether it was neither set nor taken far ahead. */
  get isNearStart(): boolean {
    return this.#current.wallSetMs === 0 && this.#current.now - new TestClock().now < YEAR_MS;
  }

  /** For new storages, time begins anew. */
  reset(): void {
    this.#current = new TestClock();
  }
}

/** Databases for cases, used again and again: making one takes longer than most of the cases. */
export class CaseDatabases {
  readonly #server: () => Promise<string>;
  readonly #through: (url: string) => Promise<string>;
  readonly #inOrder: boolean;
  readonly #all: CaseDatabase[] = [];
  readonly #free: CaseDatabase[] = [];

  constructor({
    server = async () => inject('postgresUrl'),
    through = async (url) => url,
    inOrder = false,
  }: CaseDatabasesOptions = {}) {
    this.#server = server;
    this.#through = through;
    this.#inOrder = inOrder;
  }

  /** Opens one that is empty, and that no other case uses until it is closed. */
  async open(): Promise<OpenedPostgres> {
    const database = this.#free.pop() ?? (await this.#create());
    return database.open(() => this.#free.push(database));
  }

  async drop(): Promise<void> {
    for (const one of this.#all) {
      await one.close();
      await one.database.drop();
    }
  }

  async #create(): Promise<CaseDatabase> {
    const database = await createDatabase(await this.#server());
    const one = new CaseDatabase(database, await this.#through(database.url), this.#inOrder);
    this.#all.push(one);
    return one;
  }
}
