import type { Answer, Query } from '../connection.ts';
import type { Value } from './values.ts';

/** Sends statements at once; their answers come in the same order. */
export type Flush = (queries: readonly Query[]) => Promise<readonly Answer[]>;

/** Statements of one flush, each with what is to be done with its answer. */
export class StatementBatch {
  readonly #queries: Query[] = [];
  readonly #readers: ((answer: Answer) => void)[] = [];

  add(query: Query, read: (answer: Answer) => void = () => {}): void {
    this.#queries.push(query);
    this.#readers.push(read);
  }

  async run(flush: Flush): Promise<void> {
    if (this.#queries.length === 0) return;
    const answers = await flush(this.#queries);
    for (const [index, answer] of answers.entries()) this.#readers[index]?.(answer);
  }
}

export function query(text: string, ...values: Value[]): Query {
  return { text, values };
}

/** A statement without parameters that is sent again and again on a connection. To be made once. */
export function repeated(text: string): Query {
  return { text, values: [], template: Object.assign([text], { raw: [text] }) };
}
