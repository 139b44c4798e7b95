import { canAddDependencies, dependenciesOf } from '../log/dependencies.ts';
import type { AddedDependencies, Event, EventPayloads } from '../log/events.ts';
import { isFulfilledBy, type Dependency } from '../model/dependency.ts';
import { fromJsonText } from '../model/json.ts';
import { LIMITS } from '../model/limits.ts';
import type { Task } from '../model/task.ts';
import { pages } from '../storage/pages.ts';
import type { Reader } from '../storage/storage.ts';

/** What the log of one session says of the dependencies of its tasks, to be compared with the table. */
export class ComparedDependencies {
  /** By the task, then by the dependency. Most sessions have none. */
  readonly #logged = new Map<string, Map<string, Dependency>>();
  /** How many rows of the table were compared. */
  rows = 0;

  /** Takes what the event says of dependencies, if anything. */
  add(event: Event): void {
    const { type, namespace, taskId } = event;
    if (taskId === null) return;
    if (canAddDependencies(type) && event.payload.includes('"depends_on"')) {
      const payload = fromJsonText(event.payload) as AddedDependencies;
      const own = this.#logged.get(taskId) ?? new Map<string, Dependency>();
      for (const one of dependenciesOf({ namespace, id: taskId }, payload)) own.set(one.dependencyId, one);
      if (own.size > 0) this.#logged.set(taskId, own);
    } else if (type === 'task.dependency_ended') {
      const { dependency, status } = fromJsonText(event.payload) as unknown as EventPayloads['task.dependency_ended'];
      const own = this.#logged.get(taskId);
      const before = own?.get(dependency);
      if (before !== undefined && isFulfilledBy(status, before.onDependencyFailure))
        own?.set(dependency, { ...before, ended: status });
    }
  }

  /** What is wrong with the rows of the table, one sentence for each, with the task that waits. */
  async *mistakes(
    reader: Reader,
    namespace: string,
  ): AsyncGenerator<{ readonly taskId: string; readonly message: string }> {
    for (const [taskId, logged] of this.#logged) {
      const left = new Map(logged);
      const rows = pages((after) => reader.dependencies({ namespace, taskId, limit: LIMITS.page_max, ...after }));
      for await (const stored of rows) {
        this.rows += 1;
        const expected = left.get(stored.dependencyId);
        left.delete(stored.dependencyId);
        const message = differenceOf(stored, expected);
        if (message !== null) yield { taskId, message };
      }
      for (const dependencyId of left.keys())
        yield { taskId, message: `its dependency on ${dependencyId} is in the log but not in the table.` };
      const open = [...logged.values()].filter(({ ended }) => ended === null).length;
      const task: Task | null = await reader.task(namespace, taskId);
      if (task !== null && task.openDependencies !== open)
        yield { taskId, message: `open_dependencies is ${task.openDependencies}, but it waits for ${open}.` };
    }
  }
}

function differenceOf(stored: Dependency, expected: Dependency | undefined): string | null {
  const { dependencyId } = stored;
  if (expected === undefined) return `its dependency on ${dependencyId} is in the table but not in the log.`;
  if (stored.ended === expected.ended && stored.onDependencyFailure === expected.onDependencyFailure) return null;
  return `its dependency on ${dependencyId} is (${says(stored)}) in the table, and (${says(expected)}) in the log.`;
}

function says({ onDependencyFailure, ended }: Dependency): string {
  return `${onDependencyFailure}, ${ended ?? 'open'}`;
}
