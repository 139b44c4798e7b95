/**
 * The rows of dependencies that go with the events of a unit of work, whichever command wrote them. A task that ends
 * only says so: which tasks wait for it is in the store, and `settle` tells them.
 */
import { canAddDependencies, dependenciesOf, dependencyEnded } from '../log/dependencies.ts';
import type { EventDraft, NewEvent } from '../log/events.ts';
import { policiesToldOf, type Dependency } from '../model/dependency.ts';
import { isEnded } from '../model/statuses.ts';
import type { Task } from '../model/task.ts';
import type { Loaded } from '../storage/loaded.ts';
import type { Change, EndedDependency } from '../storage/write-set.ts';
import type { After } from './command.ts';

/** The changes of dependencies that these events make. */
export function dependencyChanges(
  drafts: readonly EventDraft[],
  namespace: string,
  after: After,
): Change<Dependency>[] {
  return drafts.flatMap((draft): Change<Dependency>[] => {
    const { taskId = '' } = draft;
    if (canAddDependencies(draft.type)) {
      const { payload } = draft as Extract<EventDraft, { type: typeof draft.type }>;
      if (payload.depends_on === undefined) return [];
      const added = dependenciesOf({ namespace, id: taskId }, payload);
      return added.map((one) => ({ before: null, after: one }));
    }
    return draft.type === 'task.dependency_ended' ? dependencyEnded(after.task(taskId), draft.payload) : [];
  });
}

/** The tasks that ended, of those on which others depend: as loaded, or since they were added with this one. */
export function endedDependencies(
  tasks: readonly Change<Task>[],
  events: readonly NewEvent[],
  { dependedOn = [] }: Pick<Loaded, 'dependedOn'>,
  added: readonly Change<Dependency>[],
): EndedDependency[] {
  if (dependedOn.length === 0 && added.length === 0) return [];
  const waitedFor = new Set([...dependedOn, ...added.map(({ after }) => after.dependencyId)]);
  return tasks.flatMap(({ before, after: { namespace, id, status } }): EndedDependency[] => {
    if (!waitedFor.has(id) || !isEnded(status) || (before !== null && isEnded(before.status))) return [];
    const end = events.findLast(({ taskId }) => taskId === id);
    return [{ namespace, dependencyId: id, seq: end?.seq ?? 0, status, policies: policiesToldOf(status) }];
  });
}
