import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Event, EventRecord } from '@agent-orchestrator/core';

/** A part of the log: the events of one namespace after an id, up to another that is settled. */
export interface LogPart {
  readonly namespace?: string;
  readonly after: number;
  readonly upTo: number;
}

/** A page of it. */
export interface LogPage<Item = EventRecord> {
  /** May be empty. */
  readonly events: readonly Item[];
  /** Every event up to this id was read. */
  readonly readUpTo: number;
}

type PageFilter = Omit<LogPart, 'after'> & { readonly after: string; readonly limit: number };

/** An orchestrator; or any other reader of the log, with events of its own form. */
export interface LogReads<Item = EventRecord> {
  listEvents(filter: PageFilter): Promise<{ readonly items: readonly Item[]; readonly next: string | null }>;
}

/** Events in a page at most: a page is in memory as a whole, and events may be large. */
const PAGE = 250;
/** So many ids are asked for at once, at first. Where none of them is an event of the namespace, more and more. */
const IDS = 1_000;
const GROWTH = 4;

/**
 * A part of the log, page by page. Each read names a short range of ids: a server that has not yet counted its rows may
 * sort all that a read could find, and for a long log that takes seconds for each page.
 */
export async function* logPages<Item>(reads: LogReads<Item>, part: LogPart): AsyncGenerator<LogPage<Item>> {
  const { upTo, ...within } = part;
  let ids = IDS;
  for (let after = part.after; after < upTo;) {
    // Reading a long log of a local file must not keep signals from being handled.
    await nextTurn();
    const end = Math.min(upTo, after + ids);
    const { items, next } = await reads.listEvents({ ...within, after: String(after), upTo: end, limit: PAGE });
    ids = items.length === 0 ? ids * GROWTH : IDS;
    after = next === null ? end : Number(next);
    yield { events: items, readUpTo: after };
  }
}

/** The last event of a namespace that a reader has read. */
export interface LastRead {
  readonly namespace: string;
  readonly id: number;
  readonly hash: string;
}

/**
 * Whether the log still has an event that was read before. A hash covers all events before it in its stream, so another
 * store at this place, or one that was restored from a backup, is noticed: events that were read may not have happened
 * in it. Ids do not tell: a restored store gives greater ones than all before.
 */
export async function isSameLog(reads: LogReads<Event | EventRecord>, last: LastRead, asOf: number): Promise<boolean> {
  const { namespace, id, hash } = last;
  if (id > asOf) return false;
  const [event] = (await reads.listEvents({ namespace, after: String(id - 1), limit: 1, upTo: asOf })).items;
  return event?.id === id && event.hash === hash;
}

/** The first event of a part of the log, in reads of short ranges. */
export async function firstEvent<Item>(reads: LogReads<Item>, { upTo, ...part }: LogPart): Promise<Item | null> {
  let ids = IDS;
  for (let after = part.after; after < upTo; ids *= GROWTH) {
    const end = Math.min(upTo, after + ids);
    const [first] = (await reads.listEvents({ ...part, after: String(after), upTo: end, limit: 1 })).items;
    if (first !== undefined) return first;
    after = end;
  }
  return null;
}
