import { assertMayFollow, assertOpenForWork, OrchestratorError, type Storage } from '@agent-orchestrator/core';
import { openMemoryStorage } from '@agent-orchestrator/storage-memory';
import { delegate } from '../../src/interleave.ts';
import { nothing } from '../../src/port.ts';
import { setState } from '../memory-rows.ts';
import { forced, withReader, type Inside } from './mutant.ts';
import { but, type RowsMutant } from './rows-mutant.ts';

/** Stores that do not do what their state asks. */
export const storeStates: readonly RowsMutant[] = [
  {
    name: 'the expected state is not compared',
    chapter: 'states of a store',
    rows: but((rows) => ({
      async changeStoreState(_expected, next) {
        await rows.changeStoreState(await rows.storeState(), next);
      },
    })),
  },
  {
    name: 'of the expected state only the status is compared',
    chapter: 'states of a store',
    rows: but((rows) => ({
      async changeStoreState(expected, next) {
        const found = await rows.storeState();
        await rows.changeStoreState(found?.status === expected?.status ? found : expected, next);
      },
    })),
  },
  {
    name: 'any state may follow any other',
    chapter: 'states of a store',
    rows: but((rows) => ({
      async changeStoreState(expected, next) {
        try {
          assertMayFollow(expected, next);
          await rows.changeStoreState(expected, next);
        } catch (error) {
          if (!(error instanceof OrchestratorError) || error.code !== 'INTERNAL') throw error;
          setState(rows.data, next);
        }
      },
    })),
  },
  {
    name: 'a store with rows can become one that is filled',
    chapter: 'states of a store',
    rows: but((rows) => ({
      async changeStoreState(expected, next) {
        await rows.changeStoreState(expected, next).catch((error: unknown) => {
          if (!(error instanceof OrchestratorError) || error.code !== 'STORE_NOT_EMPTY') throw error;
          setState(rows.data, next);
        });
      },
    })),
  },
  {
    name: 'no state keeps units of work out',
    chapter: 'states of a store',
    storage: (_storage, inside) => raw(inside),
  },
  {
    name: 'heartbeats get in while a store moves',
    chapter: 'states of a store',
    storage: (storage, inside) => ({
      ...delegate(storage),
      transact: (scope, decide) =>
        scope.by === 'sessions' ? raw(inside).transact(scope, decide) : storage.transact(scope, decide),
    }),
  },
  {
    name: 'a claim that finds nothing is answered while a store moves',
    chapter: 'states of a store',
    storage: (storage, inside) => ({
      ...delegate(storage),
      transact: async (scope, decide) =>
        storage.transact(scope, decide).catch((error: unknown) => {
          if (scope.by !== 'ready' || scope.kinds === undefined) throw error;
          return raw(inside).transact(scope, decide);
        }),
    }),
  },
  {
    name: 'a store that moved cannot be read',
    chapter: 'states of a store',
    storage: (storage, inside) =>
      withReader((read) => ({
        async task(namespace, id) {
          const state = await storage.read.storeState();
          assertOpenForWork(state);
          return read.task(namespace, id);
        },
      }))(storage, inside),
  },
  {
    name: 'the state is not told',
    chapter: 'states of a store',
    storage: withReader(() => ({ storeState: async () => null })),
  },
  {
    name: 'a unit of work that began before the state changed is saved after it',
    chapter: 'states of a store',
    storage: savesLate,
  },
];

/** The data without regard to its state. */
function raw({ data, clock }: Inside): Storage {
  return openMemoryStorage({ data, clock });
}

/** Looks at the state when it begins, and saves some turns later. */
function savesLate(storage: Storage, inside: Inside): Storage {
  return {
    ...delegate(storage),
    async transact(scope, decide) {
      const decided = await storage.transact(scope, (loaded) => nothing(decide(loaded)));
      for (let turn = 0; turn < 5; turn += 1)
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
      return raw(inside).transact(scope, () => forced(decided, inside));
    },
  };
}
