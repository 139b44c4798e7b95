import type { Event, EventRecord, EventType, Json } from '@agent-orchestrator/core';
import { CHAIN_START, EVENT_DOCS, shownPayload } from '@agent-orchestrator/runtime';
import { eventRow, type EventRow } from './event-row.ts';
import { MissingError, notYet, type Near } from './nearest.ts';
import { numberIn, QueryError, upTo, type Moment, type PageReads, type Query } from './page-reads.ts';

export interface EventsAnswer {
  /** The newest first. */
  readonly rows: readonly EventRow[];
  readonly next: string | null;
  /**
   * How many events are before the first row, between each row and the next, and after the last one; null: the log is
   * not read that far.
   */
  readonly gaps: readonly number[] | null;
  readonly types: readonly EventType[];
}

export interface EventAnswer extends EventRow {
  readonly payload: Json;
  readonly payloadsHidden: boolean;
  readonly hash: string;
  readonly prevHash: string;
  readonly commandId: string | null;
  /** The events of its stream before and after it. */
  readonly previousId: number | null;
  readonly nextId: number | null;
  /** Whether the event before it has the hash that this one names. */
  readonly chained: boolean;
  readonly means: string;
}

const LIMIT = 100;
const LIMIT_MAX = 200;
const TYPES = Object.keys(EVENT_DOCS) as EventType[];

/** The log, the newest first. */
export async function readEvents(reads: PageReads, { params, moment }: Query): Promise<EventsAnswer> {
  const { orchestrator, follower } = reads;
  const types = params.getAll('type').filter((one) => one !== '');
  for (const type of types) if (!TYPES.includes(type as EventType)) throw new QueryError(`there is no type ${type}`);
  const filter = {
    ...(types.length > 0 && { types: types as EventType[] }),
    ...given('agent', params.get('agent')),
    ...given('taskId', params.get('task')),
    ...given('sessionId', params.get('session')),
  };
  const before = params.get('before');
  if (before !== null && !/^\d{1,16}$/.test(before)) throw new QueryError('"before" is no number of an event');
  const { items, next } = await orchestrator.listEvents({
    ...filter,
    ...upTo(moment),
    before,
    limit: numberIn(params, 'limit', { least: 1, most: LIMIT_MAX, otherwise: LIMIT }),
  });
  return {
    rows: items.map((event) => eventRow(follower.history, event)),
    next,
    gaps: gapsOf(reads, items, moment),
    types: TYPES,
  };
}

/** One event with its hash, and its place in its stream. */
export async function readEvent(reads: PageReads, { params, moment }: Query): Promise<EventAnswer> {
  const { orchestrator, follower, withPayloads } = reads;
  const id = numberIn(params, 'id', { most: Number.MAX_SAFE_INTEGER - 1, otherwise: 0 });
  const [event] = (await orchestrator.listEvents({ before: String(id + 1), limit: 1 })).items;
  if (event === undefined || event.id !== id) throw new MissingError('event', eventBefore(event, moment));
  if (moment.isPast && id > moment.eventId) throw notYet('event');
  const { hash, prevHash, commandId, seq } = event;
  const near = await neighbours(reads, event, moment);
  const previous = near.find((one) => one.seq === seq - 1);
  return {
    ...eventRow(follower.history, event),
    payload: shownPayload(event.payload),
    payloadsHidden: !withPayloads,
    hash,
    prevHash,
    commandId,
    previousId: previous?.id ?? null,
    nextId: near.find((one) => one.seq === seq + 1)?.id ?? null,
    chained: prevHash === (seq === 1 ? CHAIN_START : previous?.hash),
    means: EVENT_DOCS[event.type].means,
  };
}

/** By their places in the log: numbers of events have gaps themselves. */
function gapsOf(
  { follower: { history, state } }: PageReads,
  items: readonly { readonly id: number }[],
  { ordinal, isPast }: Moment,
): readonly number[] | null {
  const { events } = history;
  const [newest] = items;
  if (state.phase !== 'live' || (!isPast && newest !== undefined && newest.id > events.idAt(ordinal))) return null;
  const places = [ordinal + 1, ...items.map(({ id }) => events.ordinalOfId(id)), 0];
  return places.slice(1).map((place, at) => (places[at] ?? 0) - place - 1);
}

/** The event before one that is not there. */
function eventBefore(event: EventRecord | undefined, { eventId }: Moment): readonly Near[] {
  const id = Math.min(event?.id ?? 0, eventId);
  return id === 0 ? [] : [{ id: String(id), number: null, title: null }];
}

/** The events beside one in its stream, of a session or of an agent, up to the moment. */
async function neighbours(
  { log, orchestrator }: PageReads,
  { streamKind, streamId, seq }: EventRecord,
  moment: Moment,
): Promise<readonly Event[]> {
  const page = { namespace: orchestrator.defaultNamespace, after: String(Math.max(0, seq - 2)), limit: 3 };
  const stream = streamKind === 'agent' ? { ofAgent: streamId } : { sessionId: streamId };
  return (await log.events({ ...page, ...stream, ...upTo(moment) })).items;
}

function given<Name extends string>(name: Name, value: string | null): { readonly [N in Name]?: string } {
  return value === null || value === '' ? {} : ({ [name]: value } as { readonly [N in Name]: string });
}
