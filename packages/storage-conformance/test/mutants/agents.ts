import type { Agent, Loaded, Storage } from '@agent-orchestrator/core';
import { delegate } from '../../src/interleave.ts';
import { nothing } from '../../src/port.ts';
import { withDecision, withLoaded, withReader, withScope, type Mutant } from './mutant.ts';

/** Storages that lose the registry, or show another one. */
export const agents: readonly Mutant[] = [
  {
    name: 'the registry is not shown to claims',
    chapter: 'agents',
    wrap: withLoaded((loaded, scope) => (scope.by === 'agent' ? loaded : { ...loaded, agents: [] })),
  },
  {
    name: 'the entry for all other names is not shown',
    chapter: 'agents',
    wrap: withLoaded((loaded) => ({ ...loaded, agents: loaded.agents.filter(({ name }) => name !== '*') })),
  },
  {
    name: 'a claim of a session is not shown the registry',
    chapter: 'agents',
    wrap: withLoaded((loaded, scope) => (scope.by === 'sessions' ? { ...loaded, agents: [] } : loaded)),
  },
  {
    name: 'entries are found in whatever namespace they are',
    chapter: 'agents',
    wrap: withLoaded((loaded, scope, { data }) => {
      const names = scope.by === 'agent' ? [] : (scope.agents ?? []);
      const others = [...data.agents.values()].filter(({ name }) => names.includes(name));
      return { ...loaded, agents: [...loaded.agents, ...others] };
    }),
  },
  {
    name: 'what changes in an entry is not saved',
    chapter: 'agents',
    wrap: withDecision((decision) => ({
      ...decision,
      agents: decision.agents.filter(({ before }) => before === null),
    })),
  },
  {
    name: 'the roles of an entry are not saved',
    chapter: 'agents',
    wrap: withDecision((decision) => ({
      ...decision,
      agents: decision.agents.map(({ before, after }) => ({ before, after: { ...after, roles: '[]' } })),
    })),
  },
  {
    name: 'the kind of an agent is not saved',
    chapter: 'agents',
    wrap: withDecision((decision) => ({
      ...decision,
      agents: decision.agents.map(({ before, after }) => ({ before, after: { ...after, human: 0 } })),
    })),
  },
  {
    name: 'a claim looks at the registry before it has the lock',
    chapter: 'agents',
    wrap: looksEarly,
  },
  {
    name: 'a claim asks for its own entry alone',
    chapter: 'agents',
    wrap: withScope((scope) => (scope.by === 'agent' ? scope : { ...scope, agents: scope.agents?.slice(0, 1) ?? [] })),
  },
  {
    name: 'a list of agents does not look at their roles',
    chapter: 'agents',
    wrap: withReader((read) => ({ agents: ({ role: _role, ...filter }) => read.agents(filter) })),
  },
  {
    name: 'a list of agents does not look at their status',
    chapter: 'agents',
    wrap: withReader((read) => ({ agents: ({ status: _status, ...filter }) => read.agents(filter) })),
  },
  {
    name: 'an agent cannot be read by its name',
    chapter: 'agents',
    wrap: withReader(() => ({ agent: async () => null })),
  },
  {
    name: 'the stream of an agent holds the events of all',
    chapter: 'agents',
    wrap: withReader((read) => ({
      events: (filter) => {
        if (filter.ofAgent === undefined) return read.events(filter);
        const { ofAgent: _ofAgent, ...others } = filter;
        return read.events({ ...others, upTo: Number.MAX_SAFE_INTEGER });
      },
    })),
  },
];

/** Decides on the entries that it saw a turn ago. */
function looksEarly(storage: Storage): Storage {
  return {
    ...delegate(storage),
    async transact(scope, decide) {
      if (scope.by === 'agent' || scope.agents === undefined) return storage.transact(scope, decide);
      const seen: readonly Agent[] = await storage.transact(scope, (loaded: Loaded) => nothing(loaded.agents));
      await new Promise((resume) => void setImmediate(resume));
      return storage.transact(scope, (loaded) => decide({ ...loaded, agents: seen }));
    },
  };
}
