import type { RowReader, RowStore } from '@agent-orchestrator/core';
import type { MemoryRows } from '../memory-rows.ts';
import type { Inside, Mutant } from './mutant.ts';

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
export function but(change: (rows: MemoryRows) => Partial<RowStore>): NonNullable<RowsMutant['rows']> {
  return (rows) => ({ ...callsOf(rows), ...change(rows) });
}

/** The rows of each page changed, as a snapshot shows them too. */
export function pages(
  change: (rows: MemoryRows, read: RowReader['rows']) => RowReader['rows'],
): NonNullable<RowsMutant['rows']> {
  return but((rows) => ({
    rows: change(rows, (table, after, limit) => rows.rows(table, after, limit)),
  }));
}

/** A snapshot of which one read shows what is there now. */
export function live(read: keyof RowReader): NonNullable<RowsMutant['rows']> {
  return but((rows) => ({
    snapshot: (use) =>
      rows.snapshot((reader) => use({ ...callsOf(reader as MemoryRows), [read]: callsOf(rows)[read] })),
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
