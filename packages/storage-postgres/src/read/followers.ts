import { setTimeout as pause } from 'node:timers/promises';
import type { Answer, Query } from '../connection.ts';
import { writersStay } from '../errors.ts';
import { query } from '../server/statement-batch.ts';

/** How often writers are looked for that have drawn an id and not ended. */
const LOOK_MS = 2;

/** The greatest id drawn so far, by any transaction. */
const DRAWN = `SELECT CASE WHEN s.is_called THEN s.last_value ELSE 0 END FROM orchestrator.event_log_id_seq s`;
/**
 * The transactions that have written to the log and not ended. A transaction that draws an id holds this lock already,
 * and releases it only after what it wrote can be seen.
 */
const WRITERS = `SELECT l.virtualtransaction FROM pg_locks l
  WHERE l.locktype = 'relation' AND l.mode = 'RowExclusiveLock' AND l.granted
    AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
    AND l.relation = 'orchestrator.event_log'::regclass`;

/** Both, one after the other: a transaction that drew an id up to the first answer is in the second, or has ended. */
export const DRAWN_AND_WRITERS: readonly Query[] = [query(DRAWN), query(WRITERS)];

/**
 * In one row: the id, the writers and the last event up to the id. Who writes is asked for each row that tells the id,
 * so after it was read. What the writers up to it have committed meanwhile, this statement may not see, but every later
 * one does: so the event that it sees is settled, and all that was committed when it was sent is in it.
 */
export const SETTLED = `SELECT d.id AS drawn,
    (SELECT array_agg(w.virtualtransaction) FROM (${WRITERS} AND d.id >= 0) w) AS writers,
    coalesce((SELECT e.id FROM orchestrator.event_log e WHERE e.id <= d.id ORDER BY e.id DESC LIMIT 1), 0) AS last
  FROM (${DRAWN}) d (id)`;

/** The greatest id up to a drawn one that an event has. */
const LAST_EVENT = `SELECT coalesce(
  (SELECT e.id FROM orchestrator.event_log e WHERE e.id <= $1 ORDER BY e.id DESC LIMIT 1), 0)`;

type Read = (queries: readonly Query[]) => Promise<readonly Answer[]>;

/**
 * The id of an event up to which every event is visible, and no smaller one will come; 0 if there is none. An id that
 * only a rolled-back transaction has drawn cannot be used: after a crash of the server it can be given to another
 * event.
 */
export async function settledEventId(read: Read, giveUpMs: number): Promise<number> {
  const [answer] = await read([query(SETTLED)]);
  const [, writers, last] = answer?.[0] ?? [];
  if (writers === null) return last as number;
  const [found] = await read([query(LAST_EVENT, await settledDrawnId(read, giveUpMs))]);
  return found?.[0]?.[0] as number;
}

/**
 * The greatest id drawn so far, once every event up to it can be seen. Ids are drawn in order, but transactions end in
 * any order: so this waits for those that were writing when the id was read. None of ours writes for long, but any
 * login that may write can keep a transaction open.
 *
 * @throws `STORE_BUSY` if one of them has not ended in time
 */
export async function settledDrawnId(read: Read, giveUpMs: number): Promise<number> {
  const giveUpAt = performance.now() + giveUpMs;
  const [drawn, writers] = await read(DRAWN_AND_WRITERS);
  let left = new Set(writers?.map(([transaction]) => transaction));
  while (left.size > 0) {
    if (performance.now() > giveUpAt) throw writersStay(giveUpMs, left.size);
    await pause(LOOK_MS);
    const [now] = await read([query(WRITERS)]);
    left = new Set(now?.map(([transaction]) => transaction).filter((transaction) => left.has(transaction)));
  }
  return drawn?.[0]?.[0] as number;
}
