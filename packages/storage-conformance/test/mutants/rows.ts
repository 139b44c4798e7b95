import {
  assertMayFollow,
  assertOpenForWork,
  charactersOf,
  keyOfRow,
  OrchestratorError,
  PAGE_CHARACTERS,
  type Cell,
  type Row,
  type RowKey,
  type RowReader,
  type RowStore,
  type Storage,
  type TableName,
} from '@agent-orchestrator/core';
import { openMemoryStorage } from '@agent-orchestrator/storage-memory';
import { delegate } from '../../src/interleave.ts';
import { nothing } from '../../src/port.ts';
import { compareKeys, setState, stateOf, tableOf, type MemoryRows } from '../memory-rows.ts';
import { forced, withLoaded, withReader, type Inside, type Mutant } from './mutant.ts';

/** Rows, or a store with a state, that break a promise. */
export interface RowsMutant {
  readonly name: string;
  /** The chapter that is expected to reject it, asked first. */
  readonly chapter: 'rows of a store' | 'filling a store with rows' | 'states of a store';
  readonly rows?: (rows: MemoryRows) => RowStore;
  readonly storage?: Mutant['wrap'];
  /** As which move a process is let in that says it is one; as that one, if left out. */
  readonly admits?: (id: string, inside: Inside) => string | undefined;
}

/** The same rows, but for some of the calls. */
function but(change: (rows: MemoryRows) => Partial<RowStore>): NonNullable<RowsMutant['rows']> {
  return (rows) => ({ ...callsOf(rows), ...change(rows) });
}

/** The rows of each page changed, as a snapshot shows them too. */
function pages(
  change: (rows: MemoryRows, read: RowReader['rows']) => RowReader['rows'],
): NonNullable<RowsMutant['rows']> {
  return but((rows) => ({
    rows: change(rows, (table, after, limit) => rows.rows(table, after, limit)),
  }));
}

function callsOf(rows: MemoryRows): RowStore {
  return {
    storeState: () => rows.storeState(),
    rows: (table, after, limit) => rows.rows(table, after, limit),
    lastKey: (table) => rows.lastKey(table),
    count: (table) => rows.count(table),
    lastEventId: () => rows.lastEventId(),
    clock: () => rows.clock(),
    now: () => rows.now(),
    snapshot: (use) => rows.snapshot(use),
    changeStoreState: (expected, next) => rows.changeStoreState(expected, next),
    add: (state, table, after, added) => rows.add(state, table, after, added),
    continueFrom: (state, from) => rows.continueFrom(state, from),
    [Symbol.asyncDispose]: () => rows[Symbol.asyncDispose](),
  };
}

const textOf = (key: RowKey) => (key ?? []).join('\n');

/** All rows of a table in another order. */
function ordered(compare: (a: RowKey, b: RowKey) => number): NonNullable<RowsMutant['rows']> {
  return pages(({ data }) => async (table, after, limit) => {
    const key = (row: Row) => keyOfRow(table, row);
    const all = tableOf(data, table).toSorted((a, b) => compare(key(a), key(b)));
    return all.filter((row) => after === null || compare(key(row), after) > 0).slice(0, limit);
  });
}

/** Each cell changed. */
function cells(change: (cell: Cell, column: string, table: TableName) => unknown): NonNullable<RowsMutant['rows']> {
  return pages(
    (_rows, read) => async (table, after, limit) =>
      (await read(table, after, limit)).map((row) => {
        const changed = Object.entries(row).map(([column, cell]) => [column, change(cell, column, table)]);
        return Object.fromEntries(changed.filter(([, cell]) => cell !== undefined)) as Row;
      }),
  );
}

export const ROWS_MUTANTS: readonly RowsMutant[] = [
  {
    name: 'rows come by UTF-16 unit',
    chapter: 'rows of a store',
    rows: ordered((a, b) => (textOf(a) < textOf(b) ? -1 : textOf(a) > textOf(b) ? 1 : 0)),
  },
  {
    name: 'rows come in the order of a language',
    chapter: 'rows of a store',
    rows: ordered((a, b) => textOf(a).localeCompare(textOf(b), 'en')),
  },
  {
    name: 'events come by the text of their id',
    chapter: 'rows of a store',
    rows: pages(({ data }, read) => async (table, after, limit) => {
      if (table !== 'event_log') return read(table, after, limit);
      const all = tableOf(data, table).toSorted((a, b) => (String(a['id']) < String(b['id']) ? -1 : 1));
      return all.filter(({ id }) => after === null || String(id) > String(after[0])).slice(0, limit);
    }),
  },
  {
    name: 'a page may hold any number of characters',
    chapter: 'rows of a store',
    rows: pages(({ data }) => async (table, after, limit) => {
      const rest = tableOf(data, table).filter((row) => after === null || compareKeys(keyOfRow(table, row), after) > 0);
      return rest.slice(0, limit);
    }),
  },
  {
    name: 'the first row that does not fit into a page is lost',
    chapter: 'rows of a store',
    rows: pages(({ data }, read) => async (table, after, limit) => {
      const page = await read(table, after, limit);
      const isFull = page.reduce((sum, row) => sum + charactersOf(row), 0) > PAGE_CHARACTERS / 2;
      const [lost] = isFull ? await read(table, keyOfRow(table, page.at(-1) ?? {}), 1) : [];
      if (lost !== undefined) data[table === 'tasks' ? 'tasks' : 'receipts'].delete(textOf(keyOfRow(table, lost)));
      return page;
    }),
  },
  {
    name: 'a key that no row has begins from the start',
    chapter: 'rows of a store',
    rows: pages(({ data }, read) => async (table, after, limit) => {
      const isThere = tableOf(data, table).some((row) => textOf(keyOfRow(table, row)) === textOf(after));
      return read(table, isThere ? after : null, limit);
    }),
  },
  {
    name: 'a snapshot of rows is none',
    chapter: 'rows of a store',
    rows: but((rows) => ({ snapshot: (use) => use(rows) })),
  },
  {
    name: 'the greatest key is that of the first row',
    chapter: 'rows of a store',
    rows: but(({ data }) => ({
      async lastKey(table) {
        const [first] = tableOf(data, table);
        return first === undefined ? null : keyOfRow(table, first);
      },
    })),
  },
  {
    name: 'rows are counted in their namespace',
    chapter: 'rows of a store',
    rows: but(({ data }) => ({
      count: async (table) => tableOf(data, table).filter(({ namespace }) => namespace === 'default').length,
    })),
  },
  {
    name: 'numbers come as text',
    chapter: 'rows of a store',
    rows: cells((cell, column) => (typeof cell === 'number' && column !== 'id' ? String(cell) : cell)),
  },
  {
    name: 'a column that the port does not know holds booleans',
    chapter: 'rows of a store',
    rows: pages((_rows, read) => async (table, after, limit) => {
      const page = await read(table, after, limit);
      return page.map((row) => ({ ...row, is_open: true as unknown as Cell }));
    }),
  },
  {
    name: 'a column is missing',
    chapter: 'rows of a store',
    rows: cells((cell, column) => (column === 'stream_kind' ? undefined : cell)),
  },
  {
    name: 'hashes of tokens are kept back',
    chapter: 'rows of a store',
    rows: cells((cell, column) => (column === 'token_hash' ? null : cell)),
  },
  {
    name: 'receipts are not copied',
    chapter: 'rows of a store',
    rows: pages(
      (_rows, read) => async (table, after, limit) => (table === 'receipts' ? [] : read(table, after, limit)),
    ),
  },
  {
    name: 'the greatest event id is not told',
    chapter: 'rows of a store',
    rows: but(({ data }) => ({ lastEventId: async () => data.events.at(0)?.id ?? 0 })),
  },
  {
    name: 'the clocks are not told',
    chapter: 'rows of a store',
    rows: but(() => ({ clock: async () => ({ last: null, jump: null }) })),
  },
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
    name: 'event ids go on from those that are there',
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
    name: 'from where to go on is told in any state',
    chapter: 'filling a store with rows',
    rows: but((rows) => ({
      async continueFrom(state, from) {
        await rows.continueFrom((await rows.storeState()) ?? state, from);
      },
    })),
  },
  {
    name: 'the settled event id is the one from which the log goes on',
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
