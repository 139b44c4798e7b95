import type { Orchestrator, Storage } from '@agent-orchestrator/core';
import type { Follower } from '../fold/follower.ts';
import type { StoreHistory } from '../fold/store-history.ts';

/** What answers are made of. */
export interface PageReads {
  readonly orchestrator: Orchestrator;
  /**
   * What the orchestrator does not read: streams of the log, lists that begin at an id that is not there, and what is
   * due next.
   */
  readonly log: Pick<Storage['read'], 'events' | 'tasks' | 'sessions' | 'nextScheduled'>;
  readonly follower: Follower;
  /** false: payloads, results and contexts are not shown. */
  readonly withPayloads: boolean;
  /** What a copied command needs to name the same store, such as ` --namespace ops`. */
  readonly commandOptions: string;
}

/** The moment that an answer shows. */
export interface Moment {
  /** How many events had happened. */
  readonly ordinal: number;
  /** The last of them; 0: there was none. */
  readonly eventId: number;
  /** Milliseconds: of that event, or now. */
  readonly at: number;
  readonly isPast: boolean;
}

/** A question of a page. */
export interface Query {
  readonly params: URLSearchParams;
  readonly moment: Moment;
}

/** A question that cannot be answered: the page shows what is wrong with it, and asks again while the log is read. */
export class QueryError extends Error {
  readonly status: 400 | 404 | 503;
  readonly code: 'QUERY' | 'INVALID_INPUT' | 'READING' | 'STOPPED' | 'NOT_FOUND' | 'NOT_YET';

  constructor(message: string, status: 400 | 404 | 503 = 400, code: QueryError['code'] = 'QUERY') {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/**
 * The moment that `at` names: the number of an event (`4182`), an ordinal (`n4000`: after so many events) or a time
 * (`2026-11-30T03:00:00Z`). Without it, now.
 *
 * @param now the store's time, in milliseconds
 * @throws `READING` if the log is not read up to that moment yet, `STOPPED` if it cannot be read now; a moment that is
 *   still to come is now
 */
export function momentOf(
  { history, state }: Pick<Follower, 'history' | 'state'>,
  at: string | null,
  now: number,
): Moment {
  const { events, present } = history;
  if (at === null || at === '') return { ordinal: present, eventId: events.idAt(present), at: now, isPast: false };
  const isWhole = state.phase === 'live' && state.behindSince === null;
  const named = ordinalOf(at, history, state.asOf);
  if (named > present && !isWhole) throw notRead(state);
  const ordinal = Math.min(present, named);
  return { ordinal, eventId: events.idAt(ordinal), at: events.timeAt(ordinal), isPast: true };
}

/** What is to be read may come soon, or once the store answers again. */
function notRead({ phase, error }: Follower['state']): QueryError {
  if (phase !== 'failed') return new QueryError('The log is not read up to this moment yet.', 503, 'READING');
  const why = error === null ? '' : ` ${error.code}: ${error.message}`;
  return new QueryError(`The log is not read up to this moment, and the store cannot be read.${why}`, 503, 'STOPPED');
}

/** More than there are: the moment is after all that is read. */
function ordinalOf(at: string, { events, present }: StoreHistory, asOf: number): number {
  if (/^n\d{1,12}$/.test(at)) return Number(at.slice(1));
  if (/^\d{1,16}$/.test(at)) {
    const id = Number(at);
    return id > Math.max(asOf, events.idAt(present)) ? present + 1 : events.ordinalOfId(id);
  }
  const ms = Date.parse(at);
  if (Number.isNaN(ms)) throw new QueryError(`"at" is neither an event nor a time: ${JSON.stringify(at.slice(0, 60))}`);
  // The next event may have the same time as the last that is read.
  return present === 0 || ms >= events.timeAt(present) ? present + 1 : events.ordinalOfTime(ms);
}

/** Lists of the past end at its event. */
export function upTo({ isPast, eventId }: Moment): { readonly upTo?: number } {
  return isPast ? { upTo: eventId } : {};
}

/** A whole number of a query, within its limits; the default if it is missing. */
export function numberIn(
  params: URLSearchParams,
  name: string,
  { least = 0, most, otherwise }: { readonly least?: number; readonly most: number; readonly otherwise: number },
): number {
  const text = params.get(name);
  if (text === null || text === '') return otherwise;
  const value = Number(text);
  if (!Number.isInteger(value)) throw new QueryError(`"${name}" is not a whole number`);
  return Math.min(most, Math.max(least, value));
}
