import { edit, find, insertAfter, is } from '../checker-forgery.ts';
import { log, type PlantedFault } from './planted-fault.ts';

const waits = { depends_on: ['line-1'], on_dependency_failure: 'block' };

/** A task that waits for another: I16. */
export const dependencies: readonly PlantedFault[] = [
  {
    invariant: 'I16',
    fault: 'a task is granted that depends on one that never succeeded',
    plant: log((day) =>
      edit(
        day,
        is('task.queued', 'line-2'),
        {},
        { ...waits, depends_on: ['theirs'], dependencies_ended: { theirs: 'succeeded' } },
      ),
    ),
  },
  {
    invariant: 'I16',
    fault: 'a task continues whose holder waits for one that never succeeded',
    also: ['I8'],
    plant: log((day) =>
      edit(
        day,
        is('task.waiting'),
        {},
        { depends_on: ['theirs'], dependencies_ended: { theirs: 'succeeded' }, on_dependency_failure: 'block' },
      ),
    ),
  },
  {
    invariant: 'I16',
    fault: 'a task is told of an end that did not happen',
    plant: log((day) => {
      const waiting = edit(day, is('task.queued', 'line-2'), {}, waits);
      const end = find(waiting, is('task.succeeded', 'line-1'));
      const told = { dependency: 'line-1', status: 'succeeded', seq: end.seq + 1, open_dependencies: 0, run_at: null };
      return insertAfter(
        waiting,
        is('task.succeeded', 'line-1'),
        {
          type: 'task.dependency_ended',
          taskId: 'line-2',
          leaseEffect: null,
          fence: null,
          agent: null,
          instance: null,
          commandId: null,
        },
        told,
      );
    }),
  },
];
