import { setImmediate as nextTurn } from 'node:timers/promises';
import { cursorAhead, type EventRecord, type EventType, type Orchestrator } from '@agent-orchestrator/core';
import { Changes } from './changes.ts';
import { everyRow } from './every-row.ts';

interface EventFilter {
  readonly after?: number;
  readonly session?: string;
  /** The agent that an event names. */
  readonly ofAgent?: string;
  readonly task?: string;
  readonly type?: EventType[];
}

/** Small pages: a page is in memory as a whole, and events may be large. */
const PAGE = 100;

/**
 * The events that match a filter, in order, each once. The cursor only moves to an event that was delivered, or to an
 * id up to which the log is settled. So no event that commits late is skipped.
 */
export class EventFeed {
  /** The feed begins after this event. */
  readonly start: number;
  /** When the feed was opened, every event up to this id was settled. */
  readonly asOf: number;
  readonly #orchestrator: Orchestrator;
  readonly #filter: EventFilter;
  #cursor: number;

  private constructor(orchestrator: Orchestrator, filter: EventFilter, asOf: number, start: number) {
    this.#orchestrator = orchestrator;
    this.#filter = filter;
    this.asOf = asOf;
    this.start = start;
    this.#cursor = start;
  }

  /** @param last how many past events to begin with (0: none), if the filter names no event to begin after */
  static async open(orchestrator: Orchestrator, filter: EventFilter, last: number): Promise<EventFeed> {
    const asOf = await orchestrator.asOf();
    const start = filter.after ?? (await startOfLast(orchestrator, filter, asOf, last));
    return new EventFeed(orchestrator, filter, asOf, start);
  }

  /**
   * The events that are settled now.
   *
   * @throws `CURSOR_AHEAD` if the log ends before the cursor: after a fail-over that lost its last events, the next
   * ones would get ids that were read already
   */
  async *present(until?: AbortSignal): AsyncGenerator<EventRecord> {
    const settled = await this.#orchestrator.asOf();
    if (settled < this.#cursor) throw cursorAhead(this.#cursor, settled);
    const range = { after: this.#cursor, upTo: settled };
    for await (const event of eventsIn(this.#orchestrator, this.#filter, range, until)) {
      this.#cursor = event.id;
      yield event;
    }
    if (until?.aborted !== true) this.#cursor = Math.max(this.#cursor, settled);
  }

  /**
   * The events before one (true: the end of the log), newest first.
   *
   * @param wanted how many the caller takes; one more tells whether there are more
   */
  backwards(before: number | true, wanted: number): AsyncGenerator<EventRecord> {
    const upTo = before === true ? this.asOf : Math.min(this.asOf, Math.max(0, before - 1));
    return newestFirst(this.#orchestrator, this.#filter, { upTo, wanted });
  }

  /**
   * The events that are settled now, then new ones as they come.
   *
   * @param isOver asked before each look; that look is the last one when it answers true
   */
  async *followed(until: AbortSignal, isOver: () => Promise<boolean> = async () => false): AsyncGenerator<EventRecord> {
    // Watching begins before reading, so that no change between the two is missed.
    await using changes = await Changes.of(this.#orchestrator);
    while (!until.aborted) {
      const isLastLook = await isOver();
      yield* this.present(until);
      if (isLastLook) return;
      await changes.wait(undefined, until);
    }
  }
}

/** After one event, up to another that is settled. */
interface EventRange {
  readonly after: number;
  readonly upTo: number;
}

async function* eventsIn(
  orchestrator: Orchestrator,
  asked: EventFilter,
  range: EventRange,
  until?: AbortSignal,
): AsyncGenerator<EventRecord> {
  const filter = { ...asFilter(asked), limit: PAGE, upTo: range.upTo };
  // For one session the API counts by the session's own numbers. So earlier events are read, too, and left out here.
  let after: string | null = asked.session === undefined ? String(range.after) : '0';
  while (after !== null) {
    // Reads of a local file block the event loop. Without this turn, signals would only be handled at the end.
    await nextTurn();
    if (until?.aborted) return;
    const page: Awaited<ReturnType<Orchestrator['listEvents']>> = await orchestrator.listEvents({ ...filter, after });
    for (const event of page.items) if (event.id > range.after) yield event;
    after = page.next;
  }
}

/** The event after which the `last` events follow. */
async function startOfLast(
  orchestrator: Orchestrator,
  filter: EventFilter,
  upTo: number,
  last: number,
): Promise<number> {
  if (last === 0) return upTo;
  let left = last;
  for await (const { id } of newestFirst(orchestrator, filter, { upTo, wanted: last })) {
    left -= 1;
    if (left === 0) return id - 1;
  }
  return 0;
}

/** Reads no more events than are wanted, and one. */
function newestFirst(
  orchestrator: Orchestrator,
  filter: EventFilter,
  { upTo, wanted }: { readonly upTo: number; readonly wanted: number },
): AsyncGenerator<EventRecord> {
  const asked = { ...asFilter(filter), upTo };
  let left = wanted + 1;
  return everyRow(
    async (start) => {
      const page = await orchestrator.listEvents({ ...asked, ...start, limit: Math.max(1, Math.min(left, PAGE)) });
      left -= page.items.length;
      return page;
    },
    { before: null },
  );
}

/** The same filter, as the API takes it. */
function asFilter({ session, task, ofAgent, type }: EventFilter) {
  return {
    ...(session !== undefined && { sessionId: session }),
    ...(task !== undefined && { taskId: task }),
    ...(ofAgent !== undefined && { agent: ofAgent }),
    ...(type !== undefined && { types: type }),
  };
}
