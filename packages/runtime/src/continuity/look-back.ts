import type { EventRecord, Page } from '@agent-orchestrator/core';

/** Reads one page of events in order, after a cursor. */
type ListEvents = (page: { readonly after: string; readonly limit: number }) => Promise<Page<EventRecord>>;

/** What was found looking back. */
export interface LookedBack {
  /** In the order in which they happened. */
  readonly events: readonly EventRecord[];
  /** Everything after this number was looked at. */
  readonly from: number;
}

const PAGE = 500;
const FIRST_WINDOW = 100;
const GROWTH = 10;

/**
 * Looks back over the log from its end until it has seen enough, over windows that grow: what is near the end is found
 * quickly, and a log of any length is never read whole.
 *
 * @param end the number of the last event: its id, or its `seq` if one session's events are listed
 * @param reach how many numbers it goes back at most
 */
export async function lookBack(
  list: ListEvents,
  { end, reach, by }: { readonly end: number; readonly reach: number; readonly by: 'id' | 'seq' },
  isEnough: (events: readonly EventRecord[]) => boolean,
): Promise<LookedBack> {
  const events: EventRecord[] = [];
  let from = end;
  for (let window = FIRST_WINDOW; from > 0 && from > end - reach; window *= GROWTH) {
    const start = Math.max(0, end - Math.min(window, reach));
    const found: EventRecord[] = [];
    for await (const event of between(list, start, from, by)) found.push(event);
    events.unshift(...found);
    from = start;
    if (isEnough(events)) break;
  }
  return { events, from };
}

async function* between(list: ListEvents, start: number, end: number, by: 'id' | 'seq'): AsyncGenerator<EventRecord> {
  let after: string | null = String(start);
  while (after !== null) {
    const page: Page<EventRecord> = await list({ after, limit: Math.min(PAGE, end - Number(after)) });
    for (const event of page.items) {
      if (event[by] > end) return;
      yield event;
    }
    after = Number(page.next) < end ? page.next : null;
  }
}
