import type { EndedLease, Loaded } from '@agent-orchestrator/core';
import { withDecision, withLoaded, type Mutant } from './mutant.ts';

export const log: readonly Mutant[] = [
  {
    name: 'the last event of a decision is not written',
    chapter: '1. claim and release',
    wrap: withDecision((decision) => ({ ...decision, events: decision.events.slice(0, -1) })),
  },
  {
    name: 'zombies are not put on record',
    chapter: 'zombies',
    wrap: withDecision((decision) => {
      return decision.events.some(({ type }) => type === 'lease.refused')
        ? { ...decision, events: [], sessions: [] }
        : decision;
    }),
  },
  {
    name: 'events are written in the wrong order',
    chapter: '1. claim and release',
    wrap: withDecision((decision) => ({ ...decision, events: decision.events.toReversed() })),
  },
  {
    name: 'payloads are stored as another text than the one that was hashed',
    chapter: '1. claim and release',
    wrap: withDecision((decision) => {
      const respelled = decision.events.map((event) => ({ ...event, payload: event.payload.replaceAll(':', ': ') }));
      return { ...decision, events: respelled };
    }),
  },
  {
    name: 'the command id is not written into the log',
    chapter: '1. claim and release',
    wrap: withDecision((decision) => ({
      ...decision,
      events: decision.events.map((event) => ({ ...event, commandId: null })),
    })),
  },
  {
    name: 'how a lease ended is not looked up',
    chapter: '3. takeover after the lease expired',
    wrap: withLoaded((loaded) => ({
      ...loaded,
      named: loaded.named.map((one) => one && { ...one, endedLease: null }),
    })),
  },
  {
    name: 'the successor of a lost lease is not looked up',
    chapter: '3. takeover after the lease expired',
    wrap: withLoaded((loaded) => withEnded(loaded, { successor: null })),
  },
  {
    name: 'it is not looked up whether a zombie is on record already',
    chapter: 'zombies',
    wrap: withLoaded((loaded) => withEnded(loaded, { refused: false })),
  },
  {
    name: 'the context is dropped when the lease ends',
    chapter: 'checkpoint and context',
    wrap: withDecision((decision) => ({
      ...decision,
      sessions: decision.sessions.map(({ before, after }) =>
        after.status === 'idle' ? { before, after: { ...after, context: null } } : { before, after },
      ),
    })),
  },
  {
    name: 'a note for the next holder is lost',
    chapter: 'order: heads for others',
    wrap: withDecision((decision) => ({
      ...decision,
      tasks: decision.tasks.map(({ before, after }) => ({ before, after: { ...after, note: null } })),
    })),
  },
  {
    name: 'a requested cancellation is forgotten',
    chapter: 'cancellation',
    wrap: withLoaded((loaded) => ({
      ...loaded,
      sessions: loaded.sessions.map((one) =>
        one.task === null ? one : { ...one, task: { ...one.task, cancelRequestedAt: null } },
      ),
    })),
  },
];

function withEnded(loaded: Loaded, changed: Partial<EndedLease>): Loaded {
  const named = loaded.named.map((one) =>
    one === null || one.endedLease === null ? one : { ...one, endedLease: { ...one.endedLease, ...changed } },
  );
  return { ...loaded, named };
}
