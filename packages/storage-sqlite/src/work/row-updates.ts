/** A statement that writes. */
export interface Write {
  run(...values: unknown[]): { readonly changes: number };
}

/**
 * The updates of a table, which write only what has changed. Of each column that a statement sets, SQLite looks at the
 * checks and the indexes that name it, whether its value is another one or not: setting all that may change took half
 * as long again. Each statement is prepared when it is first needed. Commands change rows in few ways, so there are
 * few.
 */
export class RowUpdates<Row, Field extends keyof Row> {
  readonly #fields: readonly Field[];
  readonly #prepare: (fields: readonly Field[]) => Write;
  /** By the fields, each of which is a bit. */
  readonly #prepared = new Map<number, Write>();

  /** @param fields all that may change: at most 53, which is what a number has bits for */
  constructor(fields: readonly Field[], prepare: (fields: readonly Field[]) => Write) {
    this.#fields = fields;
    this.#prepare = prepare;
  }

  /**
   * @param further the parameters after those of the fields
   * @returns how many rows were changed
   */
  run(before: Row, after: Row, further: readonly unknown[]): number {
    const values: unknown[] = [];
    let which = 0;
    for (let at = 0, bit = 1; at < this.#fields.length; at += 1, bit *= 2) {
      const field = this.#fields[at] as Field;
      if (before[field] === after[field]) continue;
      values.push(after[field]);
      which += bit;
    }
    const write = this.#prepared.get(which) ?? this.#add(which, before, after);
    return write.run(...values, ...further).changes;
  }

  #add(which: number, before: Row, after: Row): Write {
    const write = this.#prepare(this.#fields.filter((field) => before[field] !== after[field]));
    this.#prepared.set(which, write);
    return write;
  }
}
