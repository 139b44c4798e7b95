import { query, type StatementBatch } from '../server/statement-batch.ts';
import type { Value } from '../server/values.ts';
import { SQL } from '../statements.ts';
import { dueKeysOf, type DueKey } from './further-rows.ts';
import type { DatabaseRow } from './loaded-rows.ts';

/** What is due in a namespace: tasks that go back to their senders, and tasks to tell that a dependency has ended. */
export class DueWork {
  /** Those whose sessions this transaction has locked. */
  keys: readonly DueKey[] = [];
  #returnAt: number | null = null;
  #isAnyToTell = false;

  /** Locks the sessions of at most so many of each kind, and leaves to others what they have locked. */
  lock(batch: StatementBatch, namespace: string, { limit, time }: { readonly limit: number; readonly time: Value }) {
    batch.add(query(SQL.lockDue(limit), namespace, time), (answer) => {
      this.keys = dueKeysOf(answer);
    });
    batch.add(query(SQL.lockToTell(limit), namespace), (answer) => {
      this.keys = [...this.keys, ...dueKeysOf(answer)];
    });
  }

  keep([, , , , , , , returnAt, isAnyToTell]: DatabaseRow): void {
    this.#returnAt = returnAt;
    this.#isAnyToTell = isAnyToTell;
  }

  isAny(now: number): boolean {
    return this.#isAnyToTell || (this.#returnAt !== null && this.#returnAt <= now);
  }
}
