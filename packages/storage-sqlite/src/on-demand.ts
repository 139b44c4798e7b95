import type { Statement } from 'better-sqlite3';

/** A statement that is prepared when it is first used. Of all that there are, a command on a shell uses a third. */
export class OnDemand<Row> {
  readonly #prepare: () => Statement<unknown[], Row>;
  #prepared: Statement<unknown[], Row> | null = null;

  constructor(prepare: () => Statement<unknown[], Row>) {
    this.#prepare = prepare;
  }

  get(...values: unknown[]): Row | undefined {
    return this.#statement.get(...values);
  }

  all(...values: unknown[]): Row[] {
    return this.#statement.all(...values);
  }

  run(...values: unknown[]): { readonly changes: number } {
    return this.#statement.run(...values);
  }

  get #statement(): Statement<unknown[], Row> {
    return (this.#prepared ??= this.#prepare());
  }
}
