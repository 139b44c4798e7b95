import type { ScopePlan } from '@agent-orchestrator/storage-sql';
import { query, type StatementBatch } from '../server/statement-batch.ts';
import { listIn } from '../server/values.ts';
import { SQL } from '../statements.ts';

/** The numbers (`t42`, `s17`) that the new tasks and sessions of a group may get, drawn at once. */
export class NumberSupply {
  readonly #count: number;
  #isDrawn = false;
  #numbers: number[] = [];

  constructor(plans: readonly ScopePlan[]) {
    this.#count = plans.reduce((sum, { newNumbers }) => sum + newNumbers, 0);
  }

  /** Draws them, unless they are drawn already. */
  draw(batch: StatementBatch): void {
    if (this.#isDrawn || this.#count === 0) return;
    this.#isDrawn = true;
    batch.add(query(SQL.drawNumbers, this.#count), (answer) => {
      this.#numbers = listIn(answer[0]?.[0]).map(Number);
    });
  }

  /** Those of one scope. */
  take({ newNumbers }: ScopePlan): number[] {
    return this.#numbers.splice(0, newNumbers);
  }
}
