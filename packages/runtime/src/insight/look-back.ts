import type { Page } from '@agent-orchestrator/core';

/** Reads one page of events in order, after a cursor. */
type ListEvents<Event> = (page: { readonly after: string; readonly limit: number }) => Promise<Page<Event>>;

/** What was found. */
interface LookedBack<Event> {
  /** In the order in which they happened. */
  readonly events: readonly Event[];
  /** Everything after this number was read. */
  readonly from: number;
}

interface Range {
  /** The number of the last event. */
  readonly end: number;
  /** How many numbers it goes back at most. */
  readonly reach: number;
  /** The kind of number: `seq` if the events of one session are listed. */
  readonly by: 'id' | 'seq';
  /** Events that are read at once. */
  readonly page: number;
}

const FIRST_WINDOW = 100;
const GROWTH = 10;

/**
 * Reads back from the end of the log until it has enough, in windows that grow. What is near the end is found quickly,
 * and a long log is never read as a whole.
 */
export async function lookBack<Event extends { readonly id: number; readonly seq: number }>(
  list: ListEvents<Event>,
  range: Range,
  isEnough: (events: readonly Event[]) => boolean,
): Promise<LookedBack<Event>> {
  const { end, reach } = range;
  const events: Event[] = [];
  let from = end;
  for (let window = FIRST_WINDOW; from > 0 && from > end - reach; window *= GROWTH) {
    const start = Math.max(0, end - Math.min(window, reach));
    const found: Event[] = [];
    for await (const event of between(list, { ...range, start, end: from })) found.push(event);
    events.unshift(...found);
    from = start;
    if (isEnough(events)) break;
  }
  return { events, from };
}

async function* between<Event extends { readonly id: number; readonly seq: number }>(
  list: ListEvents<Event>,
  { start, end, by, page: limit }: Omit<Range, 'reach'> & { readonly start: number },
): AsyncGenerator<Event> {
  let after: string | null = String(start);
  while (after !== null) {
    const page: Page<Event> = await list({ after, limit });
    for (const event of page.items) {
      if (event[by] > end) return;
      yield event;
    }
    after = page.next;
  }
}
