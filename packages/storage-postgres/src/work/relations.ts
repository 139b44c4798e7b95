import type { AwaitedTask, RelatedTask } from '@agent-orchestrator/core';
import { unique, type Found, type ScopePlan } from '@agent-orchestrator/storage-sql';
import type { Answer } from '../connection.ts';
import { query, type StatementBatch } from '../server/statement-batch.ts';
import { SQL } from '../statements.ts';
import type { FurtherRows } from './further-rows.ts';
import { dependedOnIn, relatedTasksOf, type SessionRow } from './loaded-rows.ts';

/** What the tasks of a group have to do with others: which ones new tasks name, and on which ones others depend. */
export class Relations {
  #related = new Map<string, RelatedTask>();
  /** By scope: the limit of what a holder may wait for is its own, not that of a group. */
  readonly #awaited = new Map<ScopePlan, readonly AwaitedTask[]>();
  /** Of the tasks that were read by themselves: those on which others depend. */
  readonly #dependedOn = new Set<string>();

  /** Reads the tasks that new ones name, or for which holders are to wait. Their sessions are locked. */
  read(batch: StatementBatch, namespace: string, plans: readonly ScopePlan[]): void {
    const ids = unique(plans.flatMap(({ related }) => related));
    if (ids.length === 0) return;
    batch.add(query(SQL.relatedTasks, namespace, ids), (answer) => {
      this.#related = new Map(relatedTasksOf(answer).map((task) => [task.id, task]));
    });
    for (const plan of plans) {
      if (!plan.withAwaited || plan.related.length === 0) continue;
      batch.add(query(SQL.awaited, namespace, plan.related), (answer) => {
        const awaited = answer.map(([taskId, id]) => ({ taskId: taskId as string, dependencyId: id as string }));
        this.#awaited.set(plan, awaited);
      });
    }
  }

  keepDependedOn(answer: Answer): void {
    for (const id of dependedOnIn(answer)) this.#dependedOn.add(id);
  }

  relatedTo({ related }: ScopePlan): RelatedTask[] {
    return related.flatMap((id) => this.#related.get(id) ?? []);
  }

  /** For what the tasks wait that a holder is to wait for. */
  awaitedBy(plan: ScopePlan): Pick<Found, 'awaited'> {
    return plan.withAwaited ? { awaited: this.#awaited.get(plan) ?? [] } : {};
  }

  /** Which of the tasks that may end others depend on, and which of those that may be granted have sub-tasks. */
  of(
    { sessions, tasks }: Found,
    rowOf: (sessionId: string) => SessionRow | undefined,
  ): Pick<Found, 'dependedOn' | 'withSubtasks'> {
    const rows = sessions.flatMap(({ session }) => rowOf(session.id) ?? []);
    return {
      dependedOn: [
        ...rows.flatMap(({ task, isDependedOn }) => (task !== null && isDependedOn ? task.id : [])),
        ...tasks.flatMap(({ id }) => (this.#dependedOn.has(id) ? id : [])),
      ],
      withSubtasks: rows.flatMap(({ head, hasSubtasks }) => (head !== null && hasSubtasks ? head.id : [])),
    };
  }
}

/** Of rows that were read by themselves: the running tasks on which others depend. */
export function dependedOnAmong({ sessions = [] }: FurtherRows): Pick<Found, 'dependedOn'> {
  return { dependedOn: sessions.flatMap(({ task, isDependedOn }) => (task !== null && isDependedOn ? task.id : [])) };
}
