import type { Capabilities, Page, Reader, Storage } from '@agent-orchestrator/core';
import { delegate } from '../../src/interleave.ts';
import { withReader, type Inside, type Mutant } from './mutant.ts';

const claims = (lie: Partial<Capabilities>) => (storage: Storage) => ({
  ...delegate(storage),
  capabilities: { ...storage.capabilities, ...lie },
});

/** The lists that have another end, and the chapters that go to it. */
const CHAPTERS_OF_LISTS = {
  sessions: 'reads',
  tasks: 'reads',
  events: 'reads',
  dependencies: 'dependencies',
  leases: 'leases as intervals, and what waits',
} as const;

export const connection: readonly Mutant[] = [
  {
    name: 'watchers are never told',
    chapter: 'wake-up',
    wrap: (storage) => ({ ...delegate(storage), watch: async () => async () => {} }),
  },
  { name: 'watchers are told of their own changes alone', chapter: 'wake-up', wrap: ownChangesAlone },
  { name: 'watchers are told of the changes of others alone', chapter: 'wake-up', wrap: othersAlone },
  { name: 'watchers are told once', chapter: 'wake-up', wrap: toldOnce },
  { name: 'a watcher that stopped is still told', chapter: 'wake-up', wrap: neverStops },
  {
    name: 'after close it works on',
    chapter: 'opening and closing',
    wrap: (storage) => ({ ...delegate(storage), close: async () => {} }),
  },
  { name: 'closing refuses the reads that wait for their turn', chapter: 'restart', wrap: withReader(waitsUntracked) },
  {
    name: 'a read of several statements finds the store closed in the middle',
    chapter: 'opening and closing',
    wrap: withReader((read) => ({
      async claimPreview(scope) {
        await read.now();
        return read.claimPreview(scope);
      },
    })),
  },
  { name: 'closing one connection closes the other', chapter: 'opening and closing', wrap: closesBoth() },
  {
    name: 'migrating again says that all was created anew',
    chapter: 'opening and closing',
    wrap: (storage) => ({
      ...delegate(storage),
      migrate: async () => ({ ...(await storage.migrate()), created: true }),
    }),
  },
  {
    name: 'the capabilities promise no grace where there is one',
    chapter: 'clocks: sleep and jumps',
    wrap: claims({ sleepGrace: false }),
  },
  {
    name: 'the capabilities promise what other processes cannot have',
    chapter: 'capabilities',
    wrap: claims({ multiProcess: true }),
  },
  {
    name: 'the capabilities promise other machines what they cannot have',
    chapter: 'capabilities',
    wrap: claims({ shared: true }),
  },
  {
    name: 'the capabilities name a finer precision than there is',
    chapter: 'capabilities',
    wrap: claims({ timePrecisionMs: 0.1 }),
  },
  { name: 'a snapshot is none', chapter: 'reads', wrap: withReader((read) => ({ snapshot: (use) => use(read) })) },
  { name: 'a page of events begins with the one at the cursor', chapter: 'reads', wrap: withReader(inclusiveCursor) },
  { name: 'the last of each page is lost', chapter: 'reads', wrap: withReader(losesLast) },
  ...Object.entries(CHAPTERS_OF_LISTS).map(([list, chapter]) => ({
    name: `a list of ${list} from the end leaves out the first`,
    chapter,
    wrap: losesFirstBackwards(list as keyof typeof CHAPTERS_OF_LISTS),
  })),
  {
    name: 'a full page always promises another',
    chapter: 'reads',
    wrap: withReader((read) => ({
      async tasks(filter) {
        const page = await read.tasks(filter);
        return { ...page, next: page.items.length === filter.limit ? (page.items.at(-1)?.id ?? null) : null };
      },
    })),
  },
  {
    name: 'the filter by kind is ignored',
    chapter: 'reads',
    wrap: withReader((read) => ({ tasks: ({ kind: _kind, ...filter }) => read.tasks(filter) })),
  },
  {
    name: 'the filter by dedupe key is ignored',
    chapter: '4. a duplicate is skipped',
    wrap: withReader((read) => ({ tasks: ({ dedupeKey: _dedupeKey, ...filter }) => read.tasks(filter) })),
  },
  {
    name: 'the filter by lease effect is ignored',
    chapter: 'reads',
    wrap: withReader((read) => ({ events: ({ leaseEffect: _leaseEffect, ...filter }) => read.events(filter) })),
  },
  {
    name: 'lists show the rows of all namespaces',
    chapter: 'namespaces are isolated',
    wrap: withReader((read, { data }) => ({
      async tasks(filter) {
        const found = await read.tasks(filter);
        return found.items.length > 0 ? found : { items: [...data.tasks.values()].slice(0, filter.limit), next: null };
      },
    })),
  },
  {
    name: 'counts are counted to the end',
    chapter: 'reads',
    wrap: withReader((read) => ({ counts: (namespace) => read.counts(namespace, Number.MAX_SAFE_INTEGER) })),
  },
  {
    name: 'a session that is read shows no head',
    chapter: 'reads',
    wrap: withReader((read) => ({
      async session(namespace, id) {
        const found = await read.session(namespace, id);
        return found === null ? null : { ...found, head: null };
      },
    })),
  },
  {
    name: 'a history does not say that there are more events',
    chapter: 'reads: histories of sessions',
    wrap: withReader((read) => ({
      async histories(namespace, sessionIds, limit) {
        const found = await read.histories(namespace, sessionIds, limit);
        return found.map((history) => ({ ...history, events: { ...history.events, next: null } }));
      },
    })),
  },
  {
    name: 'a history whose id is given twice is answered twice',
    chapter: 'reads: histories of sessions',
    wrap: withReader((read) => ({
      async histories(namespace, sessionIds, limit) {
        const found = await read.histories(namespace, sessionIds, limit);
        return sessionIds.flatMap((id) => found.filter(({ session }) => session.id === id));
      },
    })),
  },
  {
    name: 'the preview of a claim is not cut to what was asked',
    chapter: 'reads',
    wrap: withReader((read) => ({
      claimPreview: (scope) =>
        read.claimPreview({ ...scope, scheduledLimit: 500, ...(scope.by === 'ready' && { limit: 500 }) }),
    })),
  },
  {
    name: 'the preview of a claim shows heads for others',
    chapter: 'reads',
    wrap: withReader((read) => ({
      claimPreview: (scope) =>
        read.claimPreview(scope.by === 'ready' ? { ...scope, addressees: ['', 'agent:home-agent'] } : scope),
    })),
  },
  { name: 'a read changes what is due', chapter: 'reads', wrap: withReader(flipsOnRead) },
];

function ownChangesAlone(storage: Storage): Storage {
  const watching = new Set<() => void>();
  return {
    ...delegate(storage),
    async watch(onChange) {
      watching.add(onChange);
      return async () => void watching.delete(onChange);
    },
    async transact(scope, decide) {
      const reply = await storage.transact(scope, decide);
      for (const onChange of watching) onChange();
      return reply;
    },
  };
}

function othersAlone(storage: Storage): Storage {
  let own = 0;
  return {
    ...delegate(storage),
    watch: (onChange) =>
      storage.watch(() => {
        if (own === 0) onChange();
      }),
    async transact(scope, decide) {
      own += 1;
      setTimeout(() => (own -= 1), 5);
      return storage.transact(scope, decide);
    },
  };
}

function toldOnce(storage: Storage): Storage {
  return {
    ...delegate(storage),
    async watch(onChange) {
      let told = false;
      return storage.watch(() => {
        if (!told) onChange();
        told = true;
      });
    },
  };
}

function neverStops(storage: Storage): Storage {
  return {
    ...delegate(storage),
    async watch(onChange) {
      await storage.watch(onChange);
      return async () => {};
    },
  };
}

function closesBoth(): Mutant['wrap'] {
  const connections = new WeakMap<object, Storage[]>();
  return (storage, { data }) => {
    const all = connections.get(data) ?? [];
    all.push(storage);
    connections.set(data, all);
    return {
      ...delegate(storage),
      async close() {
        for (const one of all) await one.close();
      },
    };
  };
}

function inclusiveCursor(read: Reader): Partial<Reader> {
  return {
    events: ({ after, ...filter }) =>
      read.events({ ...filter, ...(after !== undefined && { after: String(Number(after) - 1) }) }),
  };
}

function waitsUntracked(read: Reader): Partial<Reader> {
  let reads = 0;
  return {
    async tasks(filter) {
      reads += 1;
      if (reads % 2 === 0) await new Promise((resume) => setImmediate(resume));
      return read.tasks(filter);
    },
  };
}

function losesFirstBackwards(list: keyof typeof CHAPTERS_OF_LISTS): Mutant['wrap'] {
  type Asked = (filter: { readonly before?: string | null }) => Promise<Page<unknown>>;
  return withReader((read) => {
    const ask = read[list].bind(read) as Asked;
    const changed: Asked = async (filter) => {
      const { items, next } = await ask(filter);
      return { items: filter.before !== undefined && next === null ? items.slice(0, -1) : items, next };
    };
    return { [list]: changed };
  });
}

function losesLast(read: Reader): Partial<Reader> {
  return {
    async sessions(filter) {
      const { items, next } = await read.sessions(filter);
      return { items: next === null ? items : items.slice(0, -1), next };
    },
  };
}

function flipsOnRead(read: Reader, { data }: Inside): Partial<Reader> {
  return {
    async counts(namespace, max) {
      for (const [key, task] of data.tasks)
        if (task.status === 'scheduled') data.tasks.set(key, { ...task, status: 'queued', version: task.version + 1 });
      return read.counts(namespace, max);
    },
  };
}
