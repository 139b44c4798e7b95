import type { ScopeLookups } from '@agent-orchestrator/storage-sql';
import type { Statements } from '../statements.ts';
import { setNextHead } from './save.ts';

/**
 * The look-ups of the scopes: one statement each. Rows of sessions and tasks name each other by their numbers.
 *
 * @param newestReceipt the greatest command id of the namespace that has a receipt, `''` if none has one
 * @param hasAgents whether the registry has an entry in any namespace
 */
export function lookupsOf(
  on: Statements,
  newestReceipt: (namespace: string) => string,
  hasAgents: () => boolean,
): ScopeLookups {
  return {
    // Command ids contain their time: a command that is new, as most are, has no receipt.
    receipt: (namespace, commandId) =>
      commandId > newestReceipt(namespace) ? undefined : on.receipt.get(namespace, commandId),
    session: (namespace, id) => on.session.get(namespace, id),
    sessionOfFence: (namespace, fence) => on.sessionOfFence.get(namespace, fence),
    sessionOfNumber: (number) => on.sessionOfNumber.get(number),
    task: (namespace, id) => on.task.get(namespace, id),
    taskOfDedupeKey: (namespace, dedupeKey) => on.taskOfDedupeKey.get(namespace, dedupeKey),
    // Most stores have no registry, and each claim asks for two entries of it.
    agent: (namespace, name) => (hasAgents() ? on.agent.get(namespace, name) : undefined),
    relatedTask: (namespace, id) => on.relatedTask.get(namespace, id),
    awaited: (namespace, id) => on.awaited.all(namespace, id),
    isAnyToTell: (namespace) => on.isAnyToTell.get(namespace) !== undefined,
    tasksToTell: (namespace, limit) =>
      on.tasksToTell.all(namespace, limit).flatMap((id) => on.task.get(namespace, id) ?? []),
    dependencyEnds: ({ namespace, id }, limit) => on.dependencyEnds.all(namespace, id, limit),
    isOpen: ({ namespace, taskId, dependencyId }) => on.isOpen.get(namespace, taskId, dependencyId) !== undefined,
    isDependedOn: ({ namespace, id }) => on.isDependedOn.get(namespace, id) !== undefined,
    hasSubtasks: ({ namespace, id }) => on.hasSubtasks.get(namespace, id) !== undefined,
    head: ({ namespace, number }) => on.head.get(namespace, number),
    waiting: ({ namespace, number }, limit) =>
      on.waiting.all(namespace, number, namespace, number, namespace, number, limit),

    ready: (namespace, addressee, limit) => on.ready.all(namespace, addressee, limit),
    readyOfKind: (namespace, addressee, kind, limit) => on.readyOfKind.all(namespace, addressee, kind, limit),
    stale: (namespace, now, limit) => on.stale.all(namespace, now, limit),
    heldBy: (namespace, agent) => on.heldBy.all(namespace, agent),
    heldAfter: (after, limit) =>
      on.heldAfter
        .all(after?.namespace ?? '', after?.sessionId ?? '', limit)
        .flatMap(({ namespace, id }) => on.session.get(namespace, id) ?? []),
    delayed: (now, limit) =>
      on.delayed.all(now, limit).flatMap(({ namespace, id }) => on.task.get(namespace, id) ?? []),
    delayedReturns: (now, limit) =>
      on.delayedReturns.all(now, limit).flatMap(({ namespace, id }) => on.task.get(namespace, id) ?? []),
    returnAt: (namespace) => on.returnAt.get(namespace),
    dueReturns: (namespace, now, limit) => on.dueReturns.all(namespace, now, limit),

    due: (namespace) => on.due.get(namespace),
    dueInSession: ({ namespace, number }) => on.dueInSession.get(namespace, number),
    queueDue: (namespace, now) => {
      for (const session of new Set(on.queueDue.all(namespace, now))) setNextHead(on, namespace, session);
    },
    dueTasks: ({ namespace, number }, now) => on.dueTasksInSession.all(namespace, number, now),
    queueTasks: ({ namespace, number }, tasks) => {
      for (const task of tasks) on.queueTask.run(task);
      setNextHead(on, namespace, number);
    },

    leaseEvent: (fence, effect) => (effect === 'granted' ? on.leaseGrant.get(fence) : on.leaseEnd.get(fence)),
    isRefused: (fence) => on.leaseRefusal.get(fence) !== undefined,
    nextGrant: ({ namespace, number }, seq) => on.leaseSuccessor.get(namespace, number, seq),
  };
}
