import { setTimeout as pause } from 'node:timers/promises';
import type { Answer, Query } from './connection.ts';
import { query } from './statement-batch.ts';

/** How often writers are looked for that have drawn an id and not ended. */
const LOOK_MS = 2;

/** The greatest id drawn so far, by whomever. */
const DRAWN = `SELECT CASE WHEN s.is_called THEN s.last_value ELSE 0 END FROM orchestrator.event_log_id_seq s`;
/**
 * The transactions that have written to the log and not ended. Whoever draws an id holds this lock already, and the lock
 * goes only after what it wrote can be seen.
 */
const WRITERS = `SELECT l.virtualtransaction FROM pg_locks l WHERE l.locktype = 'relation' AND l.mode = 'RowExclusiveLock' AND l.granted
  AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) AND l.relation = 'orchestrator.event_log'::regclass`;

/** Both, one after the other: whoever drew an id up to the first answer is in the second, or has ended. */
export const DRAWN_AND_WRITERS: readonly Query[] = [query(DRAWN), query(WRITERS)];

/**
 * The greatest id such that every event up to it can be seen and no smaller one will come. Ids are drawn in order, but
 * transactions end in any order: so waits for those that were writing when the id was read.
 */
export async function settledEventId(read: (queries: readonly Query[]) => Promise<readonly Answer[]>): Promise<number> {
  const [drawn, writers] = await read(DRAWN_AND_WRITERS);
  let left = new Set(writers?.map(([transaction]) => transaction));
  while (left.size > 0) {
    await pause(LOOK_MS);
    const [now] = await read([query(WRITERS)]);
    left = new Set(now?.map(([transaction]) => transaction).filter((transaction) => left.has(transaction)));
  }
  return drawn?.[0]?.[0] as number;
}
