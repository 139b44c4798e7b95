import { holdsDedupeKey, type Task } from '@agent-orchestrator/core';
import { unique, type ScopePlan } from '@agent-orchestrator/storage-sql';
import type { Answer } from '../connection.ts';
import { query, type StatementBatch } from '../server/statement-batch.ts';
import { SQL } from '../statements.ts';
import { tasksOf } from './loaded-rows.ts';
import { valuesOfRefs } from './named-sessions.ts';
import type { Relations } from './relations.ts';

/** The tasks that the scopes of one namespace name, and those that wait in the sessions that they name. */
export class NamedTasks {
  #tasks = new Map<string, Task>();
  readonly #waiting = new Map<ScopePlan, readonly Task[]>();
  readonly #relations: Relations;

  constructor(relations: Relations) {
    this.#relations = relations;
  }

  read(batch: StatementBatch, namespace: string, plans: readonly ScopePlan[]): void {
    this.#tasks = new Map();
    const keep = (answer: Answer) => {
      for (const task of tasksOf(answer)) this.#tasks.set(task.id, task);
      this.#relations.keepDependedOn(answer);
    };
    const ids = plans.flatMap(({ taskIds }) => taskIds);
    const keys = plans.flatMap(({ dedupeKeys }) => dedupeKeys);
    if (ids.length > 0) batch.add(query(SQL.tasks, namespace, unique(ids)), keep);
    if (keys.length > 0) batch.add(query(SQL.tasksOfDedupeKeys, namespace, unique(keys)), keep);
    const withHolders = plans.flatMap((plan) => (plan.keyHolders ? plan.taskIds : []));
    if (withHolders.length > 0) batch.add(query(SQL.keyHolders, namespace, unique(withHolders)), keep);
    this.#relations.read(batch, namespace, plans);
    for (const plan of plans) {
      if (plan.openTasksLimit === 0) continue;
      const asked = query(SQL.waiting(plan.openTasksLimit), plan.namespace, ...valuesOfRefs(plan.refs));
      batch.add(asked, (answer) => {
        this.#waiting.set(plan, tasksOf(answer));
        this.#relations.keepDependedOn(answer);
      });
    }
  }

  /** Those of one scope: by their ids, in that order, then by their dedupe keys. */
  of({ taskIds, dedupeKeys }: ScopePlan): Task[] {
    const named = taskIds.flatMap((id) => this.#tasks.get(id) ?? []);
    if (dedupeKeys.length === 0) return named;
    const keys = new Set(dedupeKeys);
    const others = [...this.#tasks.values()].filter((task) => holdsDedupeKey(task) && keys.has(task.dedupeKey ?? ''));
    return [...new Set([...named, ...others])];
  }

  /** What waits in its sessions, then the tasks of the scope, each once. */
  withWaiting(plan: ScopePlan): Task[] {
    const waiting = this.#waiting.get(plan) ?? [];
    const ids = new Set(waiting.map(({ id }) => id));
    return [...waiting, ...this.of(plan).filter(({ id }) => !ids.has(id))];
  }

  /** The other tasks that hold the dedupe keys of those. */
  keyHoldersOf(plan: ScopePlan): Task[] {
    if (!plan.keyHolders) return [];
    const tasks = this.of(plan);
    const isHolder = (other: Task) =>
      holdsDedupeKey(other) && tasks.some(({ id, dedupeKey }) => id !== other.id && dedupeKey === other.dedupeKey);
    return [...this.#tasks.values()].filter(isHolder);
  }
}
