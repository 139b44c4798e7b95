import type { LeaseFilter, Reader } from '@agent-orchestrator/core';
import { withReader, type Mutant } from './mutant.ts';

const CHAPTER = 'leases as intervals, and what waits';
const MANY = 1_000;

/** The heads that are told, otherwise than asked. */
const heads = (
  change: (read: Reader, ...asked: Parameters<Reader['oldestHeads']>) => ReturnType<Reader['oldestHeads']>,
) => withReader((read) => ({ oldestHeads: (namespace, asked) => change(read, namespace, asked) }));

/** The leases that are listed, otherwise than asked. */
const lists = (change: (read: Reader, filter: LeaseFilter) => ReturnType<Reader['leases']>) =>
  withReader((read) => ({ leases: (filter) => change(read, filter) }));

/** What is due next, chosen otherwise: the last one, of any namespace, or at the time itself. */
const next = ({ isOfAll = false, isFrom = false, isLast = false }) =>
  withReader((_read, { data }) => ({
    async nextScheduled(namespace, after) {
      const found = [...data.tasks.values()]
        .filter((task) => task.status === 'scheduled' && (isOfAll || task.namespace === namespace))
        .map((task) => ({ task, at: (task.runAt ?? 0) + (isFrom ? 1 : 0) }))
        .filter(({ at }) => at > after)
        .toSorted((a, b) => a.at - b.at);
      return found.at(isLast ? -1 : 0)?.task ?? null;
    },
  }));

/** Storages that list, count or choose otherwise than promised. */
export const leases: readonly Mutant[] = [
  {
    name: 'leases are listed as they are now, whatever the event',
    chapter: CHAPTER,
    wrap: lists(async (read, filter) => read.leases({ ...filter, upTo: await read.settledEventId() })),
  },
  {
    name: 'leases of every session are listed',
    chapter: CHAPTER,
    wrap: lists((read, { sessionId: _session, ...filter }) => read.leases(filter)),
  },
  {
    name: 'leases of any time are listed',
    chapter: CHAPTER,
    wrap: lists((read, { from: _from, ...filter }) => read.leases(filter)),
  },
  {
    name: 'leases of one namespace are listed, whichever is asked for',
    chapter: CHAPTER,
    wrap: lists((read, filter) => read.leases({ ...filter, namespace: 'default' })),
  },
  {
    name: 'leases are listed from the first one alone',
    chapter: CHAPTER,
    wrap: lists((read, { before: _before, ...filter }) => read.leases(filter)),
  },
  {
    name: 'no lease tells of a write that was refused',
    chapter: CHAPTER,
    wrap: lists(async (read, filter) => {
      const { items, next } = await read.leases(filter);
      return { items: items.map((lease) => ({ ...lease, refusedId: null, refusedAt: null })), next };
    }),
  },
  {
    name: 'a lease that was taken over counts as held',
    chapter: CHAPTER,
    wrap: lists(async (read, filter) => {
      const { items, next } = await read.leases(filter);
      const held = { endedId: null, endedAt: null, endedType: null };
      const told = items.map((lease) => (lease.endedType === 'lease.taken_over' ? { ...lease, ...held } : lease));
      return { items: told, next };
    }),
  },
  {
    name: 'all tasks of a session are counted, however many',
    chapter: CHAPTER,
    wrap: withReader((read) => ({
      countsOfSession: (namespace, sessionId) => read.countsOfSession(namespace, sessionId, MANY),
    })),
  },
  {
    name: 'the tasks of all sessions are counted, whichever is asked for',
    chapter: CHAPTER,
    wrap: withReader((read) => ({
      countsOfSession: async (namespace, _sessionId, max) => (await read.counts(namespace, max)).tasks,
    })),
  },
  {
    name: 'the tasks of sessions with one id are counted in all namespaces',
    chapter: CHAPTER,
    wrap: withReader((read) => ({
      async countsOfSession(_namespace, sessionId, max) {
        const counts = { ...(await read.countsOfSession('default', sessionId, max)) };
        const others = await read.countsOfSession('ops', sessionId, max);
        for (const [status, count] of Object.entries(others)) counts[status as keyof typeof counts] += count;
        return counts;
      },
    })),
  },
  {
    name: 'all heads are looked at, however many',
    chapter: CHAPTER,
    wrap: heads((read, namespace, { limit }) => read.oldestHeads(namespace, { max: MANY, limit })),
  },
  {
    name: 'of heads that were queued at one time, the one with the greatest id is told first',
    chapter: CHAPTER,
    wrap: heads(async (read, namespace, { max, limit }) => {
      const { lookedAt, oldest } = await read.oldestHeads(namespace, { max, limit: MANY });
      const sorted = oldest.toSorted((a, b) => a.queuedAt - b.queuedAt || (a.taskId < b.taskId ? 1 : -1));
      return { lookedAt, oldest: sorted.slice(0, limit) };
    }),
  },
  {
    name: 'as many heads are said to be looked at as are told',
    chapter: CHAPTER,
    wrap: heads(async (read, ...asked) => {
      const { oldest } = await read.oldestHeads(...asked);
      return { lookedAt: oldest.length, oldest };
    }),
  },
  {
    name: 'heads of all namespaces are told',
    chapter: CHAPTER,
    wrap: heads(async (read, namespace, asked) => {
      const { lookedAt, oldest } = await read.oldestHeads(namespace, asked);
      const others = await read.oldestHeads('ops', asked);
      return { lookedAt: lookedAt + others.lookedAt, oldest: [...others.oldest, ...oldest].slice(0, asked.limit) };
    }),
  },
  {
    name: 'the heads that were queued last are told',
    chapter: CHAPTER,
    wrap: heads(async (read, namespace, { max, limit }) => {
      const { lookedAt, oldest } = await read.oldestHeads(namespace, { max, limit: MANY });
      return { lookedAt, oldest: oldest.toReversed().slice(0, limit) };
    }),
  },
  {
    name: 'queued tasks of held sessions are told as heads',
    chapter: CHAPTER,
    wrap: withReader((read, { data }) => ({
      async oldestHeads(namespace, asked) {
        const { lookedAt, oldest } = await read.oldestHeads(namespace, asked);
        const behind = [...data.tasks.values()]
          .filter((task) => task.namespace === namespace && task.status === 'queued')
          .filter(({ sessionId }) => data.sessions.get(`${namespace}\n${sessionId}`)?.status === 'running')
          .map(({ id, queuedAt }) => ({ taskId: id, queuedAt }));
        return { lookedAt: lookedAt + behind.length, oldest: [...behind, ...oldest].slice(0, asked.limit) };
      },
    })),
  },
  {
    name: 'tasks whose time has come are told only after a command has seen them',
    chapter: CHAPTER,
    wrap: withReader((read) => ({
      claimPreview: async (scope) => ({ ...(await read.claimPreview(scope)), scheduled: [] }),
    })),
  },
  {
    name: 'what is due next is the task whose time comes last',
    chapter: CHAPTER,
    wrap: next({ isLast: true }),
  },
  {
    name: 'what is due next may be of any namespace',
    chapter: CHAPTER,
    wrap: next({ isOfAll: true }),
  },
  {
    name: 'what is due next may be due at the given time already',
    chapter: CHAPTER,
    wrap: next({ isFrom: true }),
  },
];
