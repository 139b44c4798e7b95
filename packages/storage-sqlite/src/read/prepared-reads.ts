import type { Connection } from '../connection.ts';

/** Runs single reads on a shared connection, and each snapshot on a connection of its own. */
export interface ReadSource {
  read<R>(use: (on: PreparedReads) => R): Promise<R>;
  snapshot<R>(use: (source: ReadSource) => Promise<R>): Promise<R>;
}

interface Prepared {
  all(...values: unknown[]): unknown[];
  run(...values: unknown[]): unknown;
}

/** Each text is prepared once for each connection; there are few, and none holds a value. */
export class PreparedReads {
  readonly db: Connection;
  readonly #statements = new Map<string, Prepared>();

  constructor(db: Connection) {
    this.db = db;
  }

  all<Row>(sql: string, ...values: unknown[]): Row[] {
    return this.#prepared(sql).all(...values) as Row[];
  }

  /** Runs a statement that has no rows. */
  run(sql: string): void {
    this.#prepared(sql).run();
  }

  #prepared(sql: string): Prepared {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, (statement = this.db.prepare<unknown[], object>(sql)));
    return statement;
  }
}
