import {
  charactersOf,
  keyOfRow,
  PAGE_CHARACTERS,
  type Cell,
  type Row,
  type RowKey,
  type TableName,
} from '@agent-orchestrator/core';
import { compareKeys, tableOf } from '../memory-rows.ts';
import { but, live, pages, type RowsMutant } from './rows-mutant.ts';

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

/** Stores whose rows come otherwise than promised. */
export const rowsRead: readonly RowsMutant[] = [
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
  ...(['storeState', 'rows', 'lastKey', 'count', 'lastEventId', 'clock'] as const).map((read) => ({
    name: `${read} of a snapshot shows what is there now`,
    chapter: 'rows of a store' as const,
    rows: live(read),
  })),
  {
    name: 'the state of what was opened for reading only is changed',
    chapter: 'rows of a store',
    rows: but(({ writable }) => ({ changeStoreState: (expected, next) => writable.changeStoreState(expected, next) })),
  },
  {
    name: 'rows are added to what was opened for reading only',
    chapter: 'rows of a store',
    rows: but(({ writable }) => ({ add: (state, table, after, rows) => writable.add(state, table, after, rows) })),
  },
  {
    name: 'the id to continue from is accepted although the rows were opened for reading only',
    chapter: 'rows of a store',
    rows: but(({ writable }) => ({ continueFrom: (state, from) => writable.continueFrom(state, from) })),
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
];
