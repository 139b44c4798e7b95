import { compareInQueue, type Loaded, type Scope, type Task } from '@agent-orchestrator/core';
import { both, withDecision, withLoaded, withScope, type Inside, type Mutant } from './mutant.ts';

const MANY = 1_000;

/** Looks at all heads, and puts the best by some other order first. */
export function orderedBy(compare: (a: Task, b: Task) => number): Mutant['wrap'] {
  return (storage, inside) => {
    let limit = MANY;
    const sorted = withLoaded((loaded, scope) => {
      if (scope.by !== 'ready') return loaded;
      const held = loaded.sessions.filter(({ session }) => session.status === 'running');
      const idle = loaded.sessions.filter(({ session, head }) => session.status === 'idle' && head !== null);
      const heads = idle.toSorted((a, b) => (a.head === null || b.head === null ? 0 : compare(a.head, b.head)));
      return { ...loaded, sessions: [...held, ...heads.slice(0, limit)] };
    });
    const all = withScope((scope) => {
      if (scope.by !== 'ready') return scope;
      ({ limit } = scope);
      return { ...scope, limit: MANY };
    });
    return all(sorted(storage, inside), inside);
  };
}

/** Shows another task of the session as its head. */
function headIs(choose: (queued: readonly Task[]) => Task | undefined): Mutant['wrap'] {
  return withLoaded((loaded, _scope, { data }) => ({
    ...loaded,
    sessions: loaded.sessions.map((one) => {
      const { namespace, id } = one.session;
      const own = [...data.tasks.values()].filter((task) => task.namespace === namespace && task.sessionId === id);
      const queued = own.filter(({ status }) => status === 'queued').toSorted(compareInQueue);
      return one.head === null ? one : { ...one, head: choose(queued) ?? one.head };
    }),
  }));
}

function withoutHeads(isHidden: (head: Task) => boolean) {
  return (loaded: Loaded): Loaded => ({
    ...loaded,
    sessions: loaded.sessions.map((one) => (one.head !== null && isHidden(one.head) ? { ...one, head: null } : one)),
  });
}

const ready = (change: (scope: Extract<Scope, { by: 'ready' }>, inside: Inside) => Scope) =>
  withScope((scope, inside) => (scope.by === 'ready' ? change(scope, inside) : scope));

export const queue: readonly Mutant[] = [
  { name: 'the queue goes by age alone', chapter: 'order', wrap: orderedBy((a, b) => a.queuedAt - b.queuedAt) },
  {
    name: 'the queue goes by priority alone',
    chapter: 'order',
    wrap: orderedBy((a, b) => a.priority - b.priority || (a.id < b.id ? 1 : -1)),
  },
  {
    name: 'the head is not recomputed when a more urgent task comes',
    chapter: 'order',
    wrap: headIs((queued) => queued.toSorted((a, b) => a.createdAt - b.createdAt)[0]),
  },
  {
    name: 'the head is not recomputed after a retry',
    chapter: 'attempts, interruptions, dead letters, retry',
    wrap: withLoaded((loaded, _scope, { data }) => {
      const retried = new Set(data.events.filter(({ type }) => type === 'task.retried').map(({ taskId }) => taskId));
      return withoutHeads(({ id }) => retried.has(id))(loaded);
    }),
  },
  {
    name: 'due tasks are not made claimable',
    chapter: 'order',
    wrap: withLoaded((loaded) => withoutHeads(({ runAt }) => runAt !== null)(loaded)),
  },
  {
    name: 'a due task is as old as the moment of the look-up',
    chapter: 'order',
    wrap: (storage, inside) =>
      withLoaded((loaded, _scope, { data }) => {
        for (const [key, task] of data.tasks)
          if (task.status === 'queued' && task.runAt === task.queuedAt)
            data.tasks.set(key, { ...task, queuedAt: loaded.now });
        return loaded;
      })(storage, inside),
  },
  {
    name: 'the next due time is not told',
    chapter: 'order',
    wrap: withLoaded((loaded) => ({ ...loaded, nextDueAt: null })),
  },
  {
    name: 'kinds are not asked of the index',
    chapter: 'order: heads for others',
    wrap: ready(({ kinds: _kinds, ...scope }) => scope),
  },
  {
    name: 'tasks for an agent or a role are not looked up',
    chapter: 'order: heads for others',
    wrap: ready((scope) => ({ ...scope, addressees: [''] })),
  },
  {
    name: 'the addressee of a head is ignored',
    chapter: 'order: heads for others',
    wrap: ready((scope, { data }) => {
      const named = [...data.tasks.values()].flatMap(({ assignee, role }) => [`agent:${assignee}`, `role:${role}`]);
      return { ...scope, addressees: ['', ...named] };
    }),
  },
  {
    name: 'a claim of many gets the head of one session',
    chapter: '1. claim and release',
    wrap: ready((scope) => ({ ...scope, limit: 1 })),
  },
  {
    name: 'the next head is not looked up on release',
    chapter: 'claim the next on release',
    wrap: withScope((scope) => {
      if (scope.by !== 'sessions') return scope;
      const { nextReady: _nextReady, ...rest } = scope;
      return rest;
    }),
  },
  {
    name: 'what the agent holds is not looked up',
    chapter: 'resume, and the same agent twice',
    wrap: ready(({ heldBy: _heldBy, ...scope }) => scope),
  },
  {
    name: 'dedupe keys are not looked up',
    chapter: '4. a duplicate is skipped',
    wrap: withScope((scope) => (scope.by === 'new' ? { ...scope, dedupeKeys: [] } : scope)),
  },
  {
    name: 'the holder of the key is not looked up for a retry',
    chapter: '4. a duplicate is skipped',
    wrap: withScope((scope) => (scope.by === 'task' ? { ...scope, keyHolder: undefined } : scope)),
  },
  {
    name: 'tasks that have ended hold their keys for ever',
    chapter: '4. a duplicate is skipped',
    wrap: withLoaded((loaded, scope, { data }) => {
      if (scope.by !== 'new') return loaded;
      const keys = new Set(scope.dedupeKeys);
      const ended = [...data.tasks.values()].filter(
        ({ namespace, dedupeKey, dedupeWhile, finishedAt }) =>
          namespace === scope.namespace && keys.has(dedupeKey ?? '') && dedupeWhile !== null && finishedAt !== null,
      );
      return { ...loaded, tasks: [...ended.map((task) => ({ ...task, dedupeWhile: null })), ...loaded.tasks] };
    }),
  },
  {
    name: 'how long a key is held is not kept',
    chapter: '4. a duplicate is skipped',
    wrap: withDecision((writeSet) => ({
      ...writeSet,
      tasks: writeSet.tasks.map(({ before, after }) => ({ before, after: { ...after, dedupeWhile: null } })),
    })),
  },
  {
    name: 'dedupe keys are compared across namespaces',
    chapter: 'namespaces are isolated',
    wrap: withLoaded((loaded, scope, { data }) => {
      if (scope.by !== 'new') return loaded;
      const keys = new Set(scope.dedupeKeys);
      const others = [...data.tasks.values()].filter(
        ({ namespace, dedupeKey }) => namespace !== scope.namespace && dedupeKey !== null && keys.has(dedupeKey),
      );
      const renamed = others.map((task) => ({ ...task, namespace: scope.namespace }));
      return { ...loaded, tasks: [...loaded.tasks, ...renamed] };
    }),
  },
  {
    name: 'heads of other namespaces are offered',
    chapter: 'namespaces are isolated',
    wrap: (storage, inside) => {
      const namespaces = () => [...new Set([...inside.data.sessions.values()].map(({ namespace }) => namespace))];
      const other = (scope: Scope) => namespaces().find((namespace) => namespace !== scope.namespace);
      return withScope((scope) =>
        scope.by === 'ready' && inside.data.events.at(-1)?.namespace === other(scope)
          ? { ...scope, namespace: other(scope) ?? scope.namespace }
          : scope,
      )(storage, inside);
    },
  },
  {
    name: 'a task id that is taken is not looked up',
    chapter: 'limits and bad input',
    wrap: both(withScope((scope) => (scope.by === 'new' ? { ...scope, taskIds: [] } : scope))),
  },
];
