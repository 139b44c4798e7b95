/**
 * The tasks that a holder waits for: dependencies that its task gets while it runs. All of them must exist, and none
 * may wait for this task itself, directly or through others. A task in review waits for its open reviews: they are in
 * its row, not among its dependencies. Reviews that begin later wait for nothing, so they close no cycle.
 *
 * A task is added to the dependencies of a running one under the locks of both sessions, and of the sessions of all
 * tasks that it would wait for in the end. So of holders that would close a cycle together, the last one sees what the
 * others have added.
 */
import type { AddedDependencies, WaitedFor } from '../log/events.ts';
import type { OnDependencyFailure } from '../model/dependency.ts';
import { invalidInput, OrchestratorError } from '../model/errors.ts';
import { LIMITS } from '../model/limits.ts';
import { nameOf } from '../model/names.ts';
import { openReviewsOf } from '../model/review.ts';
import type { EndedStatus } from '../model/statuses.ts';
import type { Task } from '../model/task.ts';
import type { Loaded, RelatedTask } from '../storage/loaded.ts';
import { addedDependencies, cancelledByFirst, cycleError, endedStatusOf } from './dependencies.ts';

/** What a holder waits for. */
export interface Waiting {
  readonly on?: readonly string[] | undefined;
  readonly onDependencyFailure?: OnDependencyFailure | undefined;
}

/** The tasks that holders wait for in one unit of work. */
export class AwaitedTasks {
  readonly #known: ReadonlyMap<string, RelatedTask>;
  readonly #isCut: boolean;
  /** For what each task waits, the tasks of this unit of work included. */
  readonly #waits = new Map<string, string[]>();

  constructor({ related = [], awaited = [] }: Pick<Loaded, 'related' | 'awaited'>) {
    this.#known = new Map(related.map((one) => [one.id, one]));
    this.#isCut = awaited.length >= LIMITS.awaited_dependencies_max;
    for (const { taskId, dependencyId } of awaited) this.#add(taskId, [dependencyId]);
    for (const task of related) this.#add(task.id, openReviewsOf(task));
  }

  /** The tasks that these would wait for in the end, and whose sessions are not locked yet. */
  neededFor({ on = [] }: Waiting): string[] {
    if (this.#isCut) return [];
    const reached = this.#waysFrom(on);
    return [...reached.keys()].filter((id) => !this.#known.has(id) && !on.includes(id));
  }

  /**
   * The part of the event that is about them; empty for a holder that waits for no task.
   *
   * @throws `DEPENDENCY_NOT_FOUND`, `DEPENDENCY_CYCLE`, `LIMIT_EXCEEDED`
   */
  waitFor({ on = [], onDependencyFailure: asked }: Waiting, task: Task, path: string): WaitedFor {
    if (on.length === 0) return {};
    const missing = on.findIndex((id) => !this.#known.has(id));
    if (missing !== -1)
      throw new OrchestratorError('DEPENDENCY_NOT_FOUND', `There is no task ${on[missing] ?? ''}.`, {
        field: `${path}.on[${missing}]`,
      });
    if (this.#isCut)
      throw invalidInput(
        `${path}.on`,
        `names tasks that wait for more than ${LIMITS.awaited_dependencies_max} others`,
        'LIMIT_EXCEEDED',
      );
    const way = this.#waysFrom(on).get(task.id);
    if (way !== undefined) {
      const names = way.slice(0, -1).map((id) => nameOf('task', this.#known.get(id) ?? { id, number: 0 }));
      throw cycleError([nameOf('task', task), ...names], 'waits for', `${path}.on`);
    }
    const ids = [...new Set(on)];
    this.#add(task.id, ids);
    const policy = asked ?? task.onDependencyFailure ?? 'block';
    const added = addedDependencies(ids, policy, (id) => this.#endedStatus(id));
    return this.cancelledBy(added) === null ? added : { ...added, cancelled: true };
  }

  /** Why the task is cancelled at once: one of them had failed, and the policy asks for that; null: it is not. */
  cancelledBy({ depends_on: ids = [], on_dependency_failure: policy }: AddedDependencies) {
    if (policy !== 'cancel') return null;
    return cancelledByFirst(ids, (id) => this.#endedStatus(id));
  }

  #endedStatus(id: string): EndedStatus | null {
    return endedStatusOf(this.#known.get(id));
  }

  #add(taskId: string, ids: readonly string[]): void {
    this.#waits.set(taskId, [...(this.#waits.get(taskId) ?? []), ...ids]);
  }

  /** The tasks that are reached from these, each with a way to it. */
  #waysFrom(on: readonly string[]): ReadonlyMap<string, readonly string[]> {
    const ways = new Map(on.map((id) => [id, [id] as readonly string[]]));
    // What is added to a map while it is walked over is walked over, too.
    for (const [id, way] of ways)
      for (const next of this.#waits.get(id) ?? []) if (!ways.has(next)) ways.set(next, [...way, next]);
    return ways;
  }
}
