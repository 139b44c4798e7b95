import { assertComplete } from '@agent-orchestrator/core';
import { assertCurrent } from '@agent-orchestrator/storage-sql';
import { retryWhileBusy } from '../file/busy.ts';
import type { Connection } from '../connection.ts';
import { openReader } from '../connection.ts';
import type { OpenFile } from '../file/open-file.ts';
import { isBrokenConnection, isBusy, translateError } from '../errors.ts';
import { SCHEMA_VERSION } from '../migrations.ts';
import { PreparedReads, type ReadSource } from './prepared-reads.ts';
import { schemaVersionOf } from '../file/store-file.ts';
import { SQL } from '../statements.ts';
import { readStoreState } from '../copy/store-state.ts';
import { Turns } from '../file/turns.ts';

/**
 * The connections that read: one for single reads, and one for each snapshot that is open. They never wait for writers.
 */
export class Readers implements ReadSource {
  readonly #file: OpenFile;
  readonly #busyTimeoutMs: number;
  readonly #filling: string | undefined;
  #shared: PreparedReads | null = null;
  /** Kept for the next snapshot, since opening a file takes longer than most snapshots. */
  #spare: PreparedReads | null = null;
  readonly #turns = new Turns();

  constructor(file: OpenFile, busyTimeoutMs: number, filling?: string) {
    this.#file = file;
    this.#filling = filling;
    this.#busyTimeoutMs = busyTimeoutMs;
  }

  read<R>(use: (on: PreparedReads) => R): Promise<R> {
    return this.#inTurn(() => this.#readOnce(use));
  }

  async snapshot<R>(use: (source: ReadSource) => Promise<R>): Promise<R> {
    this.#file.assertInPlace();
    // Taken at once: while one is opened, another snapshot may end, and keep its own for the next.
    const spare = this.#spare;
    this.#spare = null;
    const on = spare ?? (await retryWhileBusy(this.#busyTimeoutMs, () => new PreparedReads(this.#opened())));
    try {
      await retryWhileBusy(this.#busyTimeoutMs, () => beginSnapshot(on));
      const source: ReadSource = {
        read: (read) => this.#inTurn(() => read(on)),
        snapshot: (further) => further(source),
      };
      return await use(source);
    } finally {
      if (on.db.inTransaction) on.run('COMMIT');
      if (this.#spare === null) this.#spare = on;
      else on.db.close();
    }
  }

  /** A count that moves with every commit to the file, by any process. */
  dataVersion(): number | null {
    try {
      const [row] = this.#connected().all<{ data_version: number }>(SQL.dataVersion);
      return Number(row?.data_version);
    } catch (error) {
      if (isBusy(error)) return null;
      this.#drop();
      throw translateError(error);
    }
  }

  /** Closes the connections. A read that runs would open one again, so all must have ended. */
  close(): void {
    this.#drop();
    this.#spare?.db.close();
    this.#spare = null;
  }

  async #inTurn<R>(attempt: () => R): Promise<R> {
    if (this.#turns.isOver) await this.#turns.next();
    return retryWhileBusy(this.#busyTimeoutMs, attempt);
  }

  #readOnce<R>(use: (on: PreparedReads) => R): R {
    try {
      return use(this.#connected());
    } catch (error) {
      if (isBrokenConnection(error)) this.#drop();
      throw error;
    }
  }

  #connected(): PreparedReads {
    this.#file.assertInPlace();
    this.#shared ??= new PreparedReads(this.#opened());
    return this.#shared;
  }

  #drop(): void {
    this.#shared?.db.close();
    this.#shared = null;
  }

  #opened(): Connection {
    const { path } = this.#file;
    const db = openReader(path);
    try {
      assertCurrent(path, schemaVersionOf(db, path), SCHEMA_VERSION);
      assertComplete(readStoreState(db), this.#filling);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  }
}

/** BEGIN alone fixes nothing: the first read does. */
function beginSnapshot(on: PreparedReads): void {
  if (!on.db.inTransaction) on.run('BEGIN');
  on.all('SELECT count(*) FROM meta');
}
