import { OrchestratorError } from '@agent-orchestrator/core';
import { setState, stateOf } from '../memory-rows.ts';
import { withLoaded, withReader } from './mutant.ts';
import { but, type RowsMutant } from './rows-mutant.ts';

/** Stores that are filled otherwise than promised. */
export const rowsFilling: readonly RowsMutant[] = [
  {
    name: 'rows are added wherever the caller says',
    chapter: 'filling a store with rows',
    rows: but((rows) => ({
      add: async (state, table, _after, added) => rows.add(state, table, await rows.lastKey(table), added),
    })),
  },
  {
    name: 'rows are added in any state',
    chapter: 'filling a store with rows',
    rows: but((rows) => ({
      async add(state, table, after, added) {
        const found = await rows.storeState();
        setState(rows.data, state);
        await rows.add(state, table, after, added);
        setState(rows.data, found);
      },
    })),
  },
  {
    name: 'rows are added in any state of the same move',
    chapter: 'filling a store with rows',
    rows: but((rows) => ({
      async add(state, table, after, added) {
        const found = await rows.storeState();
        await rows.add(found?.id === state.id ? found : state, table, after, added);
      },
    })),
  },
  {
    name: 'what was added before a refused row stays',
    chapter: 'filling a store with rows',
    rows: but((rows) => ({
      async add(state, table, after, added) {
        const [first] = added;
        await rows.add(state, table, after, added).catch(async (error: unknown) => {
          if (error instanceof OrchestratorError && error.code === 'INTERNAL' && first !== undefined)
            await rows.add(state, table, after, [first]);
          throw error;
        });
      },
    })),
  },
  {
    name: 'event ids continue from those that are there',
    chapter: 'filling a store with rows',
    rows: but((rows) => ({
      continueFrom: (state, { clock }) => rows.continueFrom(state, { clock, lastEventId: 0 }),
    })),
  },
  {
    name: 'what is remembered of the clocks is not taken over',
    chapter: 'filling a store with rows',
    rows: but((rows) => ({
      continueFrom: (state, { lastEventId }) =>
        rows.continueFrom(state, { clock: { last: null, jump: null }, lastEventId }),
    })),
  },
  {
    name: 'a jump of the clock is not taken over',
    chapter: 'filling a store with rows',
    rows: but((rows) => ({
      continueFrom: (state, { clock, lastEventId }) =>
        rows.continueFrom(state, { clock: { ...clock, jump: null }, lastEventId }),
    })),
  },
  {
    name: 'where to continue is set in any state',
    chapter: 'filling a store with rows',
    rows: but((rows) => ({
      async continueFrom(state, from) {
        await rows.continueFrom((await rows.storeState()) ?? state, from);
      },
    })),
  },
  {
    name: 'the settled event id is the one after which the log continues',
    chapter: 'filling a store with rows',
    storage: withReader((_read, { data }) => ({ settledEventId: async () => data.lastEventId })),
  },
  {
    name: 'numbers begin anew in a copy',
    chapter: 'filling a store with rows',
    storage: withLoaded((loaded, scope, { data }) =>
      scope.by === 'new' && data.events.length > 0 && data.lastEventId > data.events.length + 1_000
        ? { ...loaded, numbers: [1, 2, 3] }
        : loaded,
    ),
  },
  {
    name: 'a store that is filled is open to every move',
    chapter: 'filling a store with rows',
    admits: (_id, { data }) => stateOf(data)?.id,
  },
  { name: 'a store that is filled is open to no move', chapter: 'filling a store with rows', admits: () => undefined },
];
