/*
 * Reads of a store that can be filled meanwhile:
 *  - each read that shows rows is refused while the store is being filled, outside of a snapshot and inside
 *  - once an answer had rows and the store was open, its state is read no more, after a snapshot too
 *  - an answer without rows does not count
 */
import { expect, test } from 'vitest';
import { FilledReader } from '../../src/api/filled-reader.ts';
import type { Reader } from '../../src/storage/storage.ts';
import type { StoreState } from '../../src/storage/store-state.ts';

const FILLING: StoreState = { status: 'filling', id: 'move', address: 'sqlite:/elsewhere.db', at: 1 };

/** The reads that show rows: what they answer where there is none, and where there is one. */
const ANSWERS: Readonly<Record<string, readonly [none: unknown, some: unknown]>> = {
  session: [null, {}],
  task: [null, {}],
  sessions: [{ items: [] }, { items: [{}] }],
  tasks: [{ items: [] }, { items: [{}] }],
  events: [{ items: [] }, { items: [{}] }],
  leases: [{ items: [] }, { items: [{}] }],
  histories: [[], [{}]],
  counts: [{ events: 0 }, { events: 1 }],
  countsOfSession: [{ queued: 0 }, { queued: 1 }],
  oldestHeads: [{ lookedAt: 0 }, { lookedAt: 1 }],
  nextScheduled: [null, {}],
  claimPreview: [
    { sessions: [], held: [] },
    { sessions: [], held: [{}] },
  ],
  idOfNumber: [null, 'id'],
  namespaces: [[], ['default']],
};
const READS = Object.keys(ANSWERS);

/** Answers every read in one way, and says how often its state was read. */
function reading(state: StoreState | null, answers: 0 | 1) {
  const of = { stateRead: 0 };
  const reader = {
    ...Object.fromEntries(Object.entries(ANSWERS).map(([name, both]) => [name, async () => both[answers]])),
    storeState: async () => {
      of.stateRead += 1;
      return state;
    },
    snapshot: async (use: (within: Reader) => Promise<unknown>) => use(reader),
  } as unknown as Reader;
  return { of, read: FilledReader.of(reader) };
}

async function call(reader: Reader, name: string): Promise<unknown> {
  return (reader as unknown as Record<string, () => Promise<unknown>>)[name]?.();
}

test.for(READS)('%s is refused while the store is being filled', async (name) => {
  const { read } = reading(FILLING, 1);

  await expect(call(read, name)).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
  await expect(read.snapshot((within) => call(within, name))).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
});

test.for(READS)('after an answer of %s with rows, the state is read no more', async (name) => {
  const [withRows, without] = [reading(null, 1), reading(null, 0)];

  for (const { read } of [withRows, without]) for (const _ of [1, 2]) await call(read, name);

  expect(await call(withRows.read, name)).toEqual(ANSWERS[name]?.[1]);
  expect([withRows.of.stateRead, without.of.stateRead]).toEqual([1, 2]);
});

test.for(READS)('after an answer of %s with rows in a snapshot, the state is read no more', async (name) => {
  const { of, read } = reading(null, 1);

  for (const _ of [1, 2]) await read.snapshot((within) => call(within, name));
  await call(read, name);

  expect(of.stateRead).toBe(1);
});
