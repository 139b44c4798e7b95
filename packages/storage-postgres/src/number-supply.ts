import type { FreeNumbers, NewScope, Scope } from '@agent-orchestrator/core';
import { query, split, type StatementBatch } from './statement-batch.ts';
import { SQL } from './statements.ts';

/** The numbers (`t42`, `s17`) that the new tasks and sessions of a group may get, drawn at once. */
export class NumberSupply {
  readonly #taskCount: number;
  readonly #sessionCount: number;
  #isDrawn = false;
  #tasks: number[] = [];
  #sessions: number[] = [];

  constructor(scopes: readonly Scope[]) {
    const news = scopes.flatMap((scope) => (scope.by === 'new' ? scope : []));
    this.#taskCount = news.reduce((sum, { taskIds }) => sum + taskIds.length, 0);
    this.#sessionCount = news.reduce((sum, { sessionIds }) => sum + sessionIds.length, 0);
  }

  /** Draws them, unless they are drawn already. */
  draw(batch: StatementBatch): void {
    if (this.#isDrawn || this.#taskCount + this.#sessionCount === 0) return;
    this.#isDrawn = true;
    batch.add(query(SQL.drawNumbers, this.#taskCount, this.#sessionCount), (answer) => {
      const [tasks, sessions] = answer[0] ?? [];
      this.#tasks = split(tasks).map(Number);
      this.#sessions = split(sessions).map(Number);
    });
  }

  /** Those of one scope. */
  take({ taskIds, sessionIds }: NewScope): FreeNumbers {
    return {
      tasks: this.#tasks.splice(0, taskIds.length),
      sessions: this.#sessions.splice(0, sessionIds.length),
    };
  }
}
