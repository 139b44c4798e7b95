import type { NewScope, Scope } from '@agent-orchestrator/core';
import { query, type StatementBatch } from '../server/statement-batch.ts';
import { listIn } from '../server/values.ts';
import { SQL } from '../statements.ts';

/** The numbers (`t42`, `s17`) that the new tasks and sessions of a group may get, drawn at once. */
export class NumberSupply {
  readonly #count: number;
  #isDrawn = false;
  #numbers: number[] = [];

  constructor(scopes: readonly Scope[]) {
    this.#count = scopes.reduce((sum, scope) => sum + (scope.by === 'new' ? countFor(scope) : 0), 0);
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
  take(scope: NewScope): number[] {
    return this.#numbers.splice(0, countFor(scope));
  }
}

/** One for each id. */
function countFor({ taskIds, sessionIds }: NewScope): number {
  return new Set([...taskIds, ...sessionIds]).size;
}
