import type { EventFilter, Reader, Storage } from '@agent-orchestrator/core';
import { both, withReader, type Inside, type Mutant } from './mutant.ts';
import { delegate } from '../../src/interleave.ts';

const CHAPTER = 'reads: what is settled';

/** A unit of work with more events than this commits late. */
const LARGE = 50;

/** The ids that are drawn and not yet visible, by the data that they belong to. */
const drawn = new WeakMap<object, Set<number>>();

export const followers: readonly Mutant[] = [
  {
    name: 'what is settled includes what another connection is still writing',
    chapter: CHAPTER,
    wrap: both(commitsLate, withReader(hidesDrawn)),
  },
  {
    name: 'the bound of a list of events is ignored',
    chapter: CHAPTER,
    wrap: withReader((read) => ({ events: (filter) => read.events({ ...filter, upTo: Number.MAX_SAFE_INTEGER }) })),
  },
  {
    name: 'the bound of a list of events is ignored within a session',
    chapter: CHAPTER,
    wrap: withReader((read) => ({
      events: (filter) =>
        read.events(filter.sessionId === undefined ? filter : { ...filter, upTo: Number.MAX_SAFE_INTEGER }),
    })),
  },
  {
    name: 'the settled event id is one that was drawn and never written',
    chapter: CHAPTER,
    wrap: withReader((read) => ({ settledEventId: async () => (await read.settledEventId()) + 1 })),
  },
  {
    name: 'the settled event id is one behind',
    chapter: CHAPTER,
    wrap: withReader((read) => ({ settledEventId: async () => Math.max(0, (await read.settledEventId()) - 1) })),
  },
  {
    name: 'a snapshot tells what is settled outside of it',
    chapter: CHAPTER,
    wrap: withReader((read, { data }) => ({
      snapshot: (use) => read.snapshot((reader) => use({ ...reader, settledEventId: async () => data.events.length })),
    })),
  },
];

/** No mutant: large units of work commit late, and what is settled ends before them. */
export const lateAndHonest: Mutant['wrap'] = both(
  commitsLate,
  withReader((read, inside) => ({
    ...hidesDrawn(read, inside),
    settledEventId: async () => Math.min(await read.settledEventId(), ...[...idsDrawn(inside)].map((id) => id - 1)),
  })),
);

function idsDrawn({ data }: Inside): Set<number> {
  const ids = drawn.get(data.events) ?? new Set();
  drawn.set(data.events, ids);
  return ids;
}

/** Draws the ids of a large unit of work at once, and shows its events only some turns later. */
function commitsLate(storage: Storage, inside: Inside): Storage {
  return {
    ...delegate(storage),
    async transact(scope, decide) {
      const before = inside.data.events.length;
      const committed = storage.transact(scope, decide);
      const ids = inside.data.events.slice(before).map(({ id }) => id);
      if (ids.length > LARGE) for (const id of ids) idsDrawn(inside).add(id);
      const reply = await committed;
      for (let turn = 0; ids.length > LARGE && turn < 20; turn += 1)
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
      for (const id of ids) idsDrawn(inside).delete(id);
      return reply;
    },
  };
}

/** Lists of events without those that are drawn and not yet visible. */
function hidesDrawn(read: Reader, inside: Inside): Partial<Reader> {
  return {
    async events(filter: EventFilter) {
      const hidden = idsDrawn(inside);
      const { items, next } = await read.events({ ...filter, limit: filter.limit + hidden.size });
      const visible = items.filter(({ id }) => !hidden.has(id));
      const page = visible.slice(0, filter.limit);
      const last = page.at(-1);
      const more = visible.length > page.length || next !== null;
      const cursor = filter.sessionId === undefined ? last?.id : last?.seq;
      return { items: page, next: more && cursor !== undefined ? String(cursor) : null };
    },
  };
}
