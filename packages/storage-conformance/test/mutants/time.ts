import type { Storage } from '@agent-orchestrator/core';
import { delegate } from '../../src/interleave.ts';
import { withDecision, withLoaded, withScope, type Inside, type Mutant } from './mutant.ts';

export const time: readonly Mutant[] = [
  { name: 'the clock is read when the store is opened', chapter: '3. takeover after the lease expired', wrap: frozen },
  {
    name: 'the wrong clock is asked: the one that stops while the machine sleeps',
    chapter: 'clocks',
    wrap: withLoaded((loaded) => ({ ...loaded, now: Math.floor(1_767_268_795_250 + loaded.clock.reading.steady) })),
  },
  {
    name: 'the second connection is an hour ahead',
    chapter: '2. concurrent claim: exactly one wins',
    wrap: secondIsAhead(),
  },
  {
    name: 'times are cut to seconds, and the capabilities do not say so',
    chapter: 'capabilities',
    wrap: withLoaded((loaded) => ({ ...loaded, now: Math.floor(loaded.now / 1_000) * 1_000 })),
  },
  {
    name: 'times keep their fractions',
    chapter: 'clocks',
    wrap: withLoaded((loaded) => ({ ...loaded, now: loaded.clock.reading.wall })),
  },
  {
    name: 'what was seen of the clocks is not saved',
    chapter: 'clocks: sleep and jumps',
    wrap: withDecision((decision) => ({ ...decision, clock: null })),
  },
  {
    name: 'a jump of the clock is not remembered',
    chapter: 'clocks: sleep and jumps',
    wrap: withDecision((decision) => ({
      ...decision,
      clock: decision.clock === null ? null : { ...decision.clock, jump: null },
    })),
  },
  {
    name: 'a clock jump is processed in one namespace only',
    chapter: 'clocks: sleep and jumps',
    wrap: withLoaded((loaded, scope) => {
      if (scope.by !== 'held') return loaded;
      return { ...loaded, sessions: loaded.sessions.filter(({ session }) => session.namespace === 'default') };
    }),
  },
  {
    name: 'each process uses its own clock',
    chapter: 'clocks: processes that differ',
    wrap: withLoaded((loaded) => ({ ...loaded, now: Math.floor(loaded.clock.reading.wall) })),
  },
  {
    name: 'what a process has seen of its clock is lost',
    chapter: 'clocks: processes that differ',
    wrap: withLoaded((loaded) => {
      const { watch: _watch, ...reading } = loaded.clock.reading;
      return { ...loaded, clock: { ...loaded.clock, reading } };
    }),
  },
  {
    name: 'each clock that the store takes counts as a jump',
    chapter: 'clocks: processes that differ',
    wrap: withDecision(({ clock, ...decision }) => {
      if (clock?.jump?.taken === undefined) return { ...decision, clock };
      const { taken: _taken, ...jump } = clock.jump;
      return { ...decision, clock: { ...clock, jump } };
    }),
  },
  {
    name: 'other clocks are not remembered',
    chapter: 'clocks: processes that differ',
    wrap: withDecision((decision) => ({
      ...decision,
      clock: decision.clock === null ? null : { ...decision.clock, others: undefined },
    })),
  },
  {
    name: 'which receipts may be deleted is not remembered',
    chapter: 'clocks: processes that differ',
    wrap: withDecision((decision) => ({
      ...decision,
      clock: decision.clock === null ? null : { ...decision.clock, receipts: undefined },
    })),
  },
  {
    name: 'delays that began after now are not found',
    chapter: 'clocks',
    wrap: withLoaded((loaded, scope) => (scope.by === 'delayed' ? { ...loaded, sessions: [], tasks: [] } : loaded)),
  },
  {
    name: 'delays that began after now are found in one namespace only',
    chapter: 'clocks',
    wrap: withLoaded((loaded, scope) => {
      if (scope.by !== 'delayed') return loaded;
      return {
        ...loaded,
        sessions: loaded.sessions.filter(({ session }) => session.namespace === 'default'),
        tasks: loaded.tasks.filter(({ namespace }) => namespace === 'default'),
      };
    }),
  },
  { name: 'a session is stale at its expiry', chapter: 'stale recovery', wrap: staleAtExpiry },
  { name: 'a session is stale after its silence, expired or not', chapter: 'stale recovery', wrap: staleBySilence },
  {
    name: 'stale sessions are not seen by a claim',
    chapter: 'stale recovery',
    wrap: withScope((scope) => (scope.by === 'ready' ? { ...scope, staleLimit: 0 } : scope)),
  },
  {
    name: 'the limit of a recovery is ignored',
    chapter: 'stale recovery',
    wrap: withScope((scope) => (scope.by === 'stale' ? { ...scope, limit: 1_000 } : scope)),
  },
  {
    name: 'sessions named by evidence are not looked up',
    chapter: 'evidence of death',
    wrap: withScope((scope) => (scope.by === 'stale' ? { ...scope, extraSessionIds: [] } : scope)),
  },
];

function frozen(storage: Storage, inside: Inside): Storage {
  const opened = inside.clock.now;
  return withLoaded((loaded) => ({ ...loaded, now: opened }))(storage, inside);
}

/** Every other connection that is wrapped. */
function secondIsAhead(): Mutant['wrap'] {
  let connections = 0;
  return (storage, inside) => {
    connections += 1;
    if (connections % 2 === 1) return delegate(storage);
    return withLoaded((loaded) => ({ ...loaded, now: loaded.now + 3_600_000 }))(storage, inside);
  };
}

function staleAtExpiry(storage: Storage, inside: Inside): Storage {
  return staleWhen(({ leaseExpiresAt }) => leaseExpiresAt)(storage, inside);
}

function staleBySilence(storage: Storage, inside: Inside): Storage {
  return staleWhen(({ heartbeatAt, staleAfterMs }) => heartbeatAt + staleAfterMs)(storage, inside);
}

function staleWhen(
  staleAt: (lease: { leaseExpiresAt: number; heartbeatAt: number; staleAfterMs: number }) => number,
): Mutant['wrap'] {
  return (storage, inside) => {
    const earlier = withLoaded((loaded, scope) => {
      if (scope.by !== 'stale') return loaded;
      const sessions = loaded.sessions.map((one) => {
        const { leaseExpiresAt, heartbeatAt, staleAfterMs } = one.session;
        if (leaseExpiresAt === null || heartbeatAt === null || staleAfterMs === null) return one;
        return { ...one, session: { ...one.session, staleAt: staleAt({ leaseExpiresAt, heartbeatAt, staleAfterMs }) } };
      });
      return { ...loaded, sessions };
    });
    const all = withScope((scope) => {
      const held = [...inside.data.sessions.values()].filter(({ status }) => status === 'running');
      return scope.by === 'stale' ? { ...scope, extraSessionIds: held.map(({ id }) => id) } : scope;
    });
    return all(earlier(storage, inside), inside);
  };
}
