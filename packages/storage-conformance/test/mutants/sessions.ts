import {
  compareInQueue,
  type Change,
  type Loaded,
  type Scope,
  type Session,
  type Storage,
  type WriteSet,
} from '@agent-orchestrator/core';
import { delegate } from '../../src/interleave.ts';
import { nothing } from '../../src/port.ts';
import { forced, withLoaded, withScope, type Inside, type Mutant } from './mutant.ts';

const CHAPTER = 'several sessions in one unit of work';

/** Changes what is loaded for named sessions. */
function named(change: (loaded: Loaded, scope: Extract<Scope, { by: 'sessions' }>, inside: Inside) => Loaded) {
  return withLoaded((loaded, scope, inside) =>
    scope.by === 'sessions' && loaded.receipt === null ? change(loaded, scope, inside) : loaded,
  );
}

export const sessions: readonly Mutant[] = [
  { name: 'a unit of work over two sessions is saved as two', chapter: CHAPTER, wrap: savesOneByOne },
  { name: 'what was saved before a refused row stays', chapter: CHAPTER, wrap: keepsWhatCameBefore },
  { name: 'sessions are locked in the order in which they are named', chapter: CHAPTER, wrap: locksAsNamed() },
  { name: 'only the first named session is locked', chapter: CHAPTER, wrap: locksTheFirst },
  {
    name: 'what references name is told by session id',
    chapter: CHAPTER,
    wrap: named((loaded) => ({
      ...loaded,
      named: loaded.named.toSorted((a, b) => ((a?.sessionId ?? '') < (b?.sessionId ?? '') ? -1 : 1)),
    })),
  },
  {
    name: 'references that name nothing are left out',
    chapter: CHAPTER,
    wrap: named((loaded) => ({ ...loaded, named: loaded.named.filter((one) => one !== null) })),
  },
  {
    name: 'a session that is named twice is loaded twice',
    chapter: CHAPTER,
    wrap: named((loaded) => ({
      ...loaded,
      sessions: loaded.named.flatMap((one) => loaded.sessions.filter(({ session }) => session.id === one?.sessionId)),
    })),
  },
  {
    name: 'how a lease ended is told of one that is open',
    chapter: CHAPTER,
    wrap: named((loaded, scope, { data }) => ({
      ...loaded,
      named: loaded.named.map((one, at) => {
        const ref = scope.sessions[at];
        const grant = data.events.find(({ fence }) => ref !== undefined && 'fence' in ref && fence === ref.fence);
        const end = { ended: grant };
        return one === null || one.endedLease !== null || end.ended === undefined
          ? one
          : { ...one, endedLease: { grant: end.ended, end: end.ended, successor: null, refused: false } };
      }),
    })),
  },
  {
    name: 'the next heads are offered of the named sessions, too',
    chapter: CHAPTER,
    wrap: named((loaded, { nextReady }) => {
      if (nextReady === undefined) return loaded;
      const own = loaded.sessions.filter(({ session, head }) => session.status === 'idle' && head !== null);
      return { ...loaded, sessions: [...loaded.sessions, ...own] };
    }),
  },
  {
    name: 'a named session with the best head takes the place of a next head',
    chapter: CHAPTER,
    wrap: named((loaded, { nextReady }) => {
      if (nextReady === undefined) return loaded;
      const own = new Set(loaded.named.map((one) => one?.sessionId));
      const best = loaded.sessions
        .filter(({ session, head }) => session.status === 'idle' && head !== null)
        .toSorted((a, b) => (a.head === null || b.head === null ? 0 : compareInQueue(a.head, b.head)))
        .slice(0, nextReady.limit);
      return { ...loaded, sessions: loaded.sessions.filter((one) => own.has(one.session.id) || best.includes(one)) };
    }),
  },
  {
    name: 'one next head is offered, however many are asked for',
    chapter: 'batches of releases',
    wrap: withScope((scope) =>
      scope.by === 'sessions' && scope.nextReady !== undefined
        ? { ...scope, nextReady: { ...scope.nextReady, limit: 1 } }
        : scope,
    ),
  },
  {
    name: 'the kinds of the next heads are not looked at',
    chapter: CHAPTER,
    wrap: withScope((scope) => {
      if (scope.by !== 'sessions' || scope.nextReady === undefined) return scope;
      const { kinds: _kinds, ...nextReady } = scope.nextReady;
      return { ...scope, nextReady };
    }),
  },
  {
    name: 'all waiting tasks are loaded, whatever the limit',
    chapter: CHAPTER,
    wrap: withScope((scope) => (scope.by === 'sessions' ? { ...scope, openTasksLimit: 10_000 } : scope)),
  },
  {
    name: 'all that is due of the named sessions is queued, however much it is',
    chapter: CHAPTER,
    wrap: withScope((scope, { data, clock }) => {
      const ids = scope.by === 'sessions' ? scope.sessions.map((ref) => ('sessionId' in ref ? ref.sessionId : '')) : [];
      for (const [key, task] of data.tasks)
        if (ids.includes(task.sessionId) && task.status === 'scheduled' && (task.runAt ?? 0) <= clock.now)
          data.tasks.set(key, { ...task, status: 'queued', queuedAt: task.runAt ?? 0 });
      return scope;
    }),
  },
  {
    name: 'what is due in the whole namespace is queued in any case',
    chapter: CHAPTER,
    wrap: withScope((scope) =>
      scope.by === 'sessions' && scope.nextReady === undefined
        ? { ...scope, nextReady: { addressees: [], limit: 1 } }
        : scope,
    ),
  },
  {
    name: 'the next due time is that of the whole namespace',
    chapter: CHAPTER,
    wrap: named((loaded, _scope, { data }) => ({
      ...loaded,
      nextDueAt: Math.min(
        ...[...data.tasks.values()].flatMap(({ status, runAt }) => (status === 'scheduled' ? (runAt ?? 0) : [])),
      ),
    })),
  },
  {
    name: 'a fence is looked up in all namespaces',
    chapter: 'batches of releases',
    wrap: named((loaded, scope, { data }) => {
      const found = scope.sessions.map((ref) =>
        'fence' in ref
          ? data.events.find(({ fence, leaseEffect }) => fence === ref.fence && leaseEffect === 'granted')
          : undefined,
      );
      const others = found.flatMap((event) =>
        event !== undefined && event.namespace !== scope.namespace
          ? (data.sessions.get(`${event.namespace}\n${event.streamId}`) ?? [])
          : [],
      );
      const renamed = others.map((session) => ({
        session: { ...session, namespace: scope.namespace },
        task: data.tasks.get(`${session.namespace}\n${session.taskId}`) ?? null,
        head: null,
      }));
      return {
        ...loaded,
        named: loaded.named.map(
          (one, at) => one ?? (found[at] === undefined ? null : { sessionId: found[at].streamId, endedLease: null }),
        ),
        sessions: [...loaded.sessions, ...renamed],
      };
    }),
  },
];

type Part = Pick<WriteSet<unknown>, 'sessions' | 'tasks' | 'events'>;

/** A write set, session by session. */
function partsOf({ sessions: changes, tasks, events }: WriteSet<unknown>): Part[] {
  return changes.map((change: Change<Session>) => ({
    sessions: [change],
    tasks: tasks.filter(({ after }) => after.sessionId === change.after.id),
    events: events.filter(({ streamId }) => streamId === change.after.id),
  }));
}

/** Each session is a commit of its own; a reader may come between. */
function savesOneByOne(storage: Storage, inside: Inside): Storage {
  return {
    ...delegate(storage),
    async transact(scope, decide) {
      if (scope.by !== 'sessions') return storage.transact(scope, decide);
      const decided = await storage.transact(scope, (loaded) => nothing(decide(loaded)));
      for (const part of partsOf(decided))
        await storage.transact(scope, () => forced({ ...nothing(null), ...part }, inside));
      return storage.transact(scope, () => ({ ...decided, sessions: [], tasks: [], events: [] }));
    },
  };
}

function keepsWhatCameBefore(storage: Storage, inside: Inside): Storage {
  return {
    ...delegate(storage),
    async transact(scope, decide) {
      let first: Part | undefined;
      try {
        return await storage.transact(scope, (loaded) => {
          const decided = decide(loaded);
          [first] = partsOf(decided);
          return decided;
        });
      } catch (error) {
        const part = first;
        if (part !== undefined) await storage.transact(scope, () => forced({ ...nothing(null), ...part }, inside));
        throw error;
      }
    },
  };
}

/** One lock per session, taken one after the other: two units of work that cross wait for each other for ever. */
function locksAsNamed(): Mutant['wrap'] {
  const locks = new WeakMap<object, Map<string, Promise<void>>>();
  return (storage, { data }) => {
    const held = locks.get(data) ?? new Map<string, Promise<void>>();
    locks.set(data, held);
    const lock = async (id: string): Promise<() => void> => {
      const before = held.get(id);
      const released = Promise.withResolvers<void>();
      held.set(id, released.promise);
      await before;
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      return released.resolve;
    };
    return {
      ...delegate(storage),
      async transact(scope, decide) {
        if (scope.by !== 'sessions') return storage.transact(scope, decide);
        const releases: (() => void)[] = [];
        try {
          for (const ref of scope.sessions) if ('sessionId' in ref) releases.push(await lock(ref.sessionId));
          return await storage.transact(scope, decide);
        } finally {
          for (const release of releases) release();
        }
      },
    };
  };
}

/** Decides on what it saw a turn ago of all but the first. */
function locksTheFirst(storage: Storage, inside: Inside): Storage {
  return {
    ...delegate(storage),
    async transact(scope, decide) {
      if (scope.by !== 'sessions' || scope.sessions.length < 2) return storage.transact(scope, decide);
      const seen = await storage.transact(scope, (loaded) => nothing(loaded));
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      return storage.transact(scope, ({ sessions: [first], ...loaded }) =>
        forced(
          decide({ ...loaded, sessions: [...(first === undefined ? [] : [first]), ...seen.sessions.slice(1)] }),
          inside,
        ),
      );
    },
  };
}
