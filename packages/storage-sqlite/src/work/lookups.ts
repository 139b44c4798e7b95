import type { ScopeLookups } from '@agent-orchestrator/storage-sql';
import type { Statements } from '../statements.ts';
import type { RareRows } from './rare-rows.ts';
import { setNextHead } from './save.ts';

/** What is known of the store without looking. */
interface Knowledge {
  /** The greatest command id of the namespace that has a receipt, `''` if none has one. */
  newestReceipt(namespace: string): string;
  /** Whether there are rows of a kind in any namespace. */
  has(kind: RareRows): boolean;
  /** Whether no session of the namespace can be stale at a time. */
  isNoneStale(namespace: string, now: number): boolean;
}

/** The look-ups of the scopes: one statement each. Rows of sessions and tasks name each other by their numbers. */
export function lookupsOf(on: Statements, known: Knowledge): ScopeLookups {
  return {
    // Command ids contain their time: a command that is new, as most are, has no receipt.
    receipt: (namespace, commandId) =>
      commandId > known.newestReceipt(namespace) ? undefined : on.receipt.get(namespace, commandId),
    session: (namespace, id) => on.session.get(namespace, id),
    sessionOfFence: (namespace, fence) => on.sessionOfFence.get(namespace, fence),
    sessionOfNumber: (number) => on.sessionOfNumber.get(number),
    task: (namespace, id) => on.task.get(namespace, id),
    taskOfDedupeKey: (namespace, dedupeKey) => on.taskOfDedupeKey.get(namespace, dedupeKey),
    agent: (namespace, name) => (known.has('agents') ? on.agent.get(namespace, name) : undefined),
    relatedTask: (namespace, id) => on.relatedTask.get(namespace, id),
    awaited: (namespace, id) => on.awaited.all(namespace, id),
    isAnyToTell: (namespace) => known.has('dependencyEnds') && on.isAnyToTell.get(namespace) !== undefined,
    tasksToTell: (namespace, limit) =>
      on.tasksToTell.all(namespace, limit).flatMap((id) => on.task.get(namespace, id) ?? []),
    dependencyEnds: ({ namespace, id }, limit) => on.dependencyEnds.all(namespace, id, limit),
    isOpen: ({ namespace, taskId, dependencyId, status }) =>
      on.isOpen.get(namespace, taskId, dependencyId, status) !== undefined,
    isDependedOn: ({ namespace, id }) => known.has('dependencies') && on.isDependedOn.get(namespace, id) !== undefined,
    hasSubtasks: ({ namespace, id }) => known.has('subtasks') && on.hasSubtasks.get(namespace, id) !== undefined,
    head: ({ namespace, number }) => on.head.get(namespace, number),
    waiting: ({ namespace, number }, limit) =>
      on.waiting.all(namespace, number, namespace, number, namespace, number, limit),

    ready: (namespace, addressee, limit) => on.ready.all(namespace, addressee, limit),
    readyOfKind: (namespace, addressee, kind, limit) => on.readyOfKind.all(namespace, addressee, kind, limit),
    stale: (namespace, now, limit) => (known.isNoneStale(namespace, now) ? [] : on.stale.all(namespace, now, limit)),
    heldBy: (namespace, agent) => on.heldBy.all(namespace, agent),
    heldAfter: (after, limit) =>
      on.heldAfter
        .all(after?.namespace ?? '', after?.sessionId ?? '', limit)
        .flatMap(({ namespace, id }) => on.session.get(namespace, id) ?? []),
    delayed: (now, limit) =>
      on.delayed.all(now, limit).flatMap(({ namespace, id }) => on.task.get(namespace, id) ?? []),
    delayedReturns: (now, limit) =>
      on.delayedReturns.all(now, limit).flatMap(({ namespace, id }) => on.task.get(namespace, id) ?? []),
    returnAt: (namespace) => (known.has('returning') ? on.returnAt.get(namespace) : undefined),
    dueReturns: (namespace, now, limit) => on.dueReturns.all(namespace, now, limit),

    due: (namespace) => (known.has('scheduled') ? on.due.get(namespace) : undefined),
    dueInSession: ({ namespace, number }) =>
      known.has('scheduled') ? on.dueInSession.get(namespace, number) : undefined,
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
