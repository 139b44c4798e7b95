/**
 * What the new tasks of a batch depend on, and of what they are parts. All tasks that they name must exist, or be new
 * in the same batch. No task depends on one that is still to be added, so a cycle can only be among the new ones.
 * (What a holder waits for while it works: `awaited-tasks.ts`.)
 */
import type { AddedDependencies, EventDraft, EventPayloads } from '../log/events.ts';
import { isFulfilledBy, type OnDependencyFailure } from '../model/dependency.ts';
import { invalidInput, OrchestratorError } from '../model/errors.ts';
import { LIMITS } from '../model/limits.ts';
import { isEnded, type EndedStatus } from '../model/statuses.ts';
import type { Loaded, RelatedTask } from '../storage/loaded.ts';
import { closeNewOwnSession } from './own-session.ts';

/** The fields of a new task that name other tasks. */
export interface Relating {
  readonly dependsOn?: readonly string[] | undefined;
  readonly onDependencyFailure?: OnDependencyFailure | undefined;
  readonly parentId?: string | undefined;
}

/** A task that is new in the batch. */
export interface AddedTask {
  /** Its place in the batch. */
  readonly at: number;
  readonly id: string;
  readonly sessionId: string;
  readonly task: Relating;
}

/** The ids of all tasks that these name. */
export function relatedIds(tasks: readonly { readonly task: Relating }[]): string[] {
  return tasks.flatMap(({ task }) => [
    ...(task.dependsOn ?? []),
    ...(task.parentId === undefined ? [] : [task.parentId]),
  ]);
}

/** The relations of the new tasks of a batch. */
export class Relations {
  /** Existing tasks that the scope did not name, because a duplicate in the batch stands for them. */
  readonly unlocked: readonly string[];
  readonly #added: ReadonlyMap<string, AddedTask>;
  readonly #known: ReadonlyMap<string, RelatedTask>;
  /** The existing task that a duplicate in the batch stands for. */
  readonly #duplicates: ReadonlyMap<string, string>;
  /** How many of the new tasks of each session are not cancelled. */
  readonly #left = new Map<string, number>();

  /** @throws `DEPENDENCY_NOT_FOUND`, `DEPENDENCY_CYCLE`, `LIMIT_EXCEEDED` */
  constructor(added: readonly AddedTask[], duplicates: ReadonlyMap<string, string>, loaded: Loaded) {
    this.#added = new Map(added.map((one) => [one.id, one]));
    this.#known = new Map((loaded.related ?? []).map((one) => [one.id, one]));
    this.#duplicates = duplicates;
    for (const { sessionId } of added) this.#left.set(sessionId, (this.#left.get(sessionId) ?? 0) + 1);
    this.unlocked = relatedIds(added)
      .filter((id) => this.#duplicates.has(id))
      .map((id) => this.#idOf(id))
      .filter((id) => !this.#known.has(id) && !this.#added.has(id));
    if (this.unlocked.length > 0) return;
    this.#assertAllExist(added);
    assertFew(added);
    assertNoCycle(added, 'dependsOn', ({ task }) => this.#among(task.dependsOn ?? []));
    assertNoCycle(added, 'parentId', ({ task }) => this.#among(task.parentId === undefined ? [] : [task.parentId]));
  }

  /** The part of the event `task.queued` that is about them; empty for a task that names no other. */
  payloadOf({ task }: AddedTask): RelationsInEvent {
    const { parentId, onDependencyFailure: policy = 'block' } = task;
    const parent = parentId === undefined ? {} : { parent_id: this.#idOf(parentId) };
    const all = this.#dependenciesOf(task);
    return all.length === 0 ? parent : { ...parent, ...addedDependencies(all, policy, (id) => this.#endedStatus(id)) };
  }

  /** Cancels a new task at once if one of its dependencies has failed before, and its policy asks for that. */
  cancelledAtOnce({ id, sessionId, task }: AddedTask, loaded: Loaded): EventDraft[] {
    if (task.onDependencyFailure !== 'cancel') return [];
    const payload = cancelledByFirst(this.#dependenciesOf(task), (dependency) => this.#endedStatus(dependency));
    if (payload === null) return [];
    this.#left.set(sessionId, (this.#left.get(sessionId) ?? 0) - 1);
    return [
      { type: 'task.cancelled', sessionId, taskId: id, payload },
      ...(this.#left.get(sessionId) === 0 ? this.#close(sessionId, loaded) : []),
    ];
  }

  /** Closes a session that was made for a task of the batch, after all its tasks were cancelled. */
  #close(sessionId: string, loaded: Loaded): EventDraft[] {
    const session = loaded.sessions.find((one) => one.session.id === sessionId)?.session ?? null;
    return this.#added.has(sessionId) ? closeNewOwnSession(session, sessionId) : [];
  }

  #dependenciesOf({ dependsOn = [] }: Relating): string[] {
    return [...new Set(dependsOn.map((id) => this.#idOf(id)))];
  }

  #idOf(id: string): string {
    return this.#duplicates.get(id) ?? id;
  }

  #endedStatus(id: string): EndedStatus | null {
    return endedStatusOf(this.#known.get(id));
  }

  #among(ids: readonly string[]): AddedTask[] {
    return ids.flatMap((id) => this.#added.get(this.#idOf(id)) ?? []);
  }

  #assertAllExist(added: readonly AddedTask[]): void {
    for (const { at, task } of added) {
      for (const [index, id] of (task.dependsOn ?? []).entries())
        this.#assertExists(id, `tasks[${at}].dependsOn[${index}]`);
      if (task.parentId !== undefined) this.#assertExists(task.parentId, `tasks[${at}].parentId`);
    }
  }

  #assertExists(reference: string, field: string): void {
    const id = this.#idOf(reference);
    if (this.#added.has(id) || this.#known.has(id)) return;
    throw new OrchestratorError('DEPENDENCY_NOT_FOUND', `There is no task ${id}.`, { field });
  }
}

type RelationsInEvent = AddedDependencies & Pick<EventPayloads['task.queued'], 'parent_id'>;

/** The dependencies that a task gets, as its event says them. */
export function addedDependencies(
  ids: readonly string[],
  policy: OnDependencyFailure,
  endedStatus: (id: string) => EndedStatus | null,
): AddedDependencies {
  const ended = ids.flatMap((id) => {
    const status = endedStatus(id);
    return status !== null && isFulfilledBy(status, policy) ? [[id, status] as const] : [];
  });
  return {
    depends_on: ids,
    on_dependency_failure: policy,
    ...(ended.length > 0 && { dependencies_ended: Object.fromEntries(ended) }),
  };
}

/** How a related task has ended; null: it has not. */
export function endedStatusOf(task: RelatedTask | undefined): EndedStatus | null {
  return task !== undefined && isEnded(task.status) ? task.status : null;
}

/** Why a task is cancelled by the first of its dependencies that has not succeeded; null: there is none. */
export function cancelledByFirst(
  ids: readonly string[],
  endedStatus: (id: string) => EndedStatus | null,
): EventPayloads['task.cancelled'] | null {
  for (const id of ids) {
    const status = endedStatus(id);
    if (status !== null && status !== 'succeeded') return cancelledBy(id, status);
  }
  return null;
}

/** Why a task was cancelled that depends on one that did not succeed. */
export function cancelledBy(dependency: string, status: EndedStatus): EventPayloads['task.cancelled'] {
  const how = status === 'failed' ? 'failed' : 'was cancelled';
  return {
    outcome: null,
    error: { code: 'dependency_failed', message: `Task ${dependency}, on which it depends, ${how}.` },
  };
}

function assertFew(added: readonly AddedTask[]): void {
  const count = added.reduce((sum, { task }) => sum + (task.dependsOn?.length ?? 0), 0);
  if (count > LIMITS.batch_dependencies_max)
    throw invalidInput(
      'tasks',
      `has ${count} dependencies together, and its limit is ${LIMITS.batch_dependencies_max}`,
      'LIMIT_EXCEEDED',
    );
}

/** @throws `DEPENDENCY_CYCLE`, which names the tasks of the cycle in their order */
function assertNoCycle(
  added: readonly AddedTask[],
  field: 'dependsOn' | 'parentId',
  nextOf: (task: AddedTask) => readonly AddedTask[],
): void {
  const done = new Set<AddedTask>();
  for (const start of added) {
    if (done.has(start)) continue;
    // A walk into the depth without recursion: `path` is the way to the present task.
    const path: AddedTask[] = [start];
    const left = [[...nextOf(start)]];
    while (path.length > 0) {
      const next = left.at(-1)?.pop();
      if (next === undefined) {
        const finished = path.pop();
        left.pop();
        if (finished !== undefined) done.add(finished);
      } else if (path.includes(next)) {
        const cycle = path.slice(path.indexOf(next));
        const verb = field === 'dependsOn' ? 'depends on' : 'is a part of';
        const ids = cycle.map(({ id }) => id);
        throw cycleError(ids, verb, `tasks[${cycle[0]?.at}].${field}`);
      } else if (!done.has(next)) {
        path.push(next);
        left.push([...nextOf(next)]);
      }
    }
  }
}

/** The error that names the tasks of a cycle in their order. */
export function cycleError(cycle: readonly string[], verb: string, field: string): OrchestratorError {
  const named = [...cycle, ...cycle.slice(0, 1)].join(' → ');
  const says =
    cycle.length === 1 ? `Task ${cycle.join()} ${verb} itself.` : `Each of these tasks ${verb} the next: ${named}.`;
  return new OrchestratorError('DEPENDENCY_CYCLE', says, { field });
}
