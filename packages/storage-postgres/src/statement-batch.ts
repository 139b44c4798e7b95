import type { Answer, Query, Value } from './connection.ts';

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

/** A list as a parameter: a line for each. */
export function joined(ids: readonly string[]): string {
  return ids.join('\n');
}

/** A list as an answer. */
export function split(text: unknown): readonly string[] {
  return typeof text === 'string' && text !== '' ? text.split('\n') : [];
}

export function unique<Value>(values: readonly Value[]): Value[] {
  return [...new Set(values)];
}
