import type { Loaded, Storage } from '@agent-orchestrator/core';
import { delegate } from '../../src/interleave.ts';
import { nothing } from '../../src/port.ts';
import { forced, withDecision, withLoaded, type Inside, type Mutant } from './mutant.ts';

export const locking: readonly Mutant[] = [
  { name: 'the lock is not taken', chapter: '2. concurrent claim: exactly one wins', wrap: withoutLock },
  { name: 'the version guard only counts rows', chapter: '2. concurrent claim: exactly one wins', wrap: countsRows },
  {
    name: 'a fence that is over names the session that it was granted in, and nothing else',
    chapter: '3. takeover after the lease expired',
    wrap: withLoaded((loaded) => ({
      ...loaded,
      named: loaded.named.map((one) => one && { ...one, endedLease: null }),
    })),
  },
  {
    name: 'the hash of a token is not kept with the lease',
    chapter: '1. claim and release',
    wrap: withDecision((decision) => ({
      ...decision,
      sessions: decision.sessions.map(({ before, after }) => ({ before, after: { ...after, tokenHash: null } })),
    })),
  },
  {
    name: 'the instance of a lease is lost',
    chapter: 'heartbeat',
    wrap: withLoaded((loaded, scope) => {
      if (scope.by !== 'sessions' || !scope.sessions.some((one) => 'fence' in one)) return loaded;
      const sessions = loaded.sessions.map((one) => ({ ...one, session: { ...one.session, instance: null } }));
      return { ...loaded, sessions };
    }),
  },
  {
    name: 'the greatest fence is forgotten',
    chapter: '1. claim and release',
    wrap: withLoaded((loaded) => ({ ...loaded, greatestFence: 0 })),
  },
  {
    name: 'the greatest fence is kept per namespace',
    chapter: 'namespaces are isolated',
    wrap: withLoaded((loaded, { namespace }, { data }) => {
      const grants = data.events.filter((event) => event.namespace === namespace && event.leaseEffect === 'granted');
      return { ...loaded, greatestFence: Math.max(0, ...grants.map(({ fence }) => fence ?? 0)) };
    }),
  },
  {
    name: 'the commit is not atomic: of two sessions only one is saved',
    chapter: '1. claim and release',
    wrap: withDecision((decision) => ({ ...decision, sessions: decision.sessions.slice(0, 1) })),
  },
  { name: 'the answer comes before the commit', chapter: 'group commit', wrap: answersEarly },
  { name: 'one error fails its whole group', chapter: 'group commit', wrap: failsWholeGroup },
  { name: 'an error leaves its part of the group behind', chapter: 'group commit', wrap: leaksOnError },
  {
    name: 'proofs of life are not saved',
    chapter: 'heartbeat',
    wrap: withDecision((decision) => (decision.events.length === 0 ? { ...decision, sessions: [] } : decision)),
  },
];

/** Decides on what it saw a turn ago, and saves over whatever has happened since. */
function withoutLock(storage: Storage, inside: Inside): Storage {
  return {
    ...delegate(storage),
    async transact(scope, decide) {
      const seen = await storage.transact(scope, (loaded) => nothing(loaded));
      await nextTurn();
      return storage.transact(scope, () => forced(decide(seen), inside));
    },
  };
}

/** Notices that a row is missing or new, but not that it is another one by now. */
function countsRows(storage: Storage, inside: Inside): Storage {
  const once: Storage['transact'] = async (scope, decide) => {
    const seen = await storage.transact(scope, (loaded) => nothing(loaded));
    await nextTurn();
    const sameCount = await storage.transact(scope, (loaded) => nothing(countOf(loaded) === countOf(seen)));
    if (!sameCount) return once(scope, decide);
    return storage.transact(scope, () => forced(decide(seen), inside));
  };
  return { ...delegate(storage), transact: once };
}

function countOf({ sessions, tasks, receipt }: Loaded): string {
  return `${sessions.length} ${tasks.length} ${receipt === null}`;
}

function answersEarly(storage: Storage, inside: Inside): Storage {
  return {
    ...delegate(storage),
    async transact(scope, decide) {
      const decision = await storage.transact(scope, (loaded) => nothing(decide(loaded)));
      setImmediate(() => void storage.transact(scope, () => forced(decision, inside)).catch(() => {}));
      return decision.reply;
    },
  };
}

/** Runs what was sent in one turn as one group, and when one of them throws, tells all of them so. */
function failsWholeGroup(storage: Storage): Storage {
  let group: Promise<unknown>[] = [];
  return {
    ...delegate(storage),
    async transact(scope, decide) {
      const own = storage.transact(scope, decide);
      own.catch(() => {});
      if (group.push(own) === 1) setImmediate(() => (group = []));
      const whole = group;
      await nextTurn();
      await Promise.all(whole);
      return own;
    },
  };
}

/** The rows that a refused enqueue had begun with are there afterwards. */
function leaksOnError(storage: Storage, { data }: Inside): Storage {
  return {
    ...delegate(storage),
    async transact(scope, decide) {
      try {
        return await storage.transact(scope, decide);
      } catch (error) {
        const any = data.tasks.values().next().value;
        if (scope.by === 'new' && any !== undefined)
          for (const id of scope.taskIds.filter((id) => !data.tasks.has(`${scope.namespace}\n${id}`)))
            data.tasks.set(`${scope.namespace}\n${id}`, { ...any, id, namespace: scope.namespace, dedupeKey: null });
        throw error;
      }
    },
  };
}

async function nextTurn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}
