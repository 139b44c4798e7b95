import type { StoreHistory } from '../fold/store-history.ts';
import type { Need, NeedRow } from './now-answer.ts';
import type { Moment, PageReads } from './page-reads.ts';

const SHOWN = 5;
const FRESH_MS = 3_600_000;

/** The late writes of the hour before a moment, the newest first, by the leases of their former holders. */
export function refused({ follower }: PageReads, { ordinal, at }: Pick<Moment, 'ordinal' | 'at'>): Need {
  const { history } = follower;
  const fresh = history.leases.late.filter((one) => one.ordinal <= ordinal && one.at > at - FRESH_MS);
  const rows = fresh.slice(-SHOWN).flatMap(({ lease, ordinal: refused, at: refusedAt }) => {
    const moment = history.leases.momentOf(lease, ordinal);
    if (moment === null) return [];
    const { task, sessionId, agent } = moment;
    const eventId = history.events.idAt(refused);
    return [{ ...nameOf(history, task), sessionId, agent, at: refusedAt, text: null, eventId, commands: [] }];
  });
  return { group: 'refused', count: fresh.length, rows: rows.toReversed() };
}

function nameOf({ tasks }: StoreHistory, task: number): Pick<NeedRow, 'taskId' | 'number' | 'title'> {
  const name = tasks.nameOf(task);
  return { taskId: name?.id ?? null, number: name?.number ?? null, title: name?.title ?? null };
}
