import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EventRecord, EventType, Orchestrator } from '@agent-orchestrator/core';
import { Changes } from './changes.ts';

interface EventFilter {
  readonly after?: number;
  readonly session?: string;
  readonly task?: string;
  readonly type?: EventType[];
}

const PAGE = 500;

/**
 * The events that a filter lets through, in order, each once. The cursor only moves to an event that was handed over, or to
 * an id up to which the log is known to be settled, so nothing that commits late is jumped over.
 */
export class EventFeed {
  /** Where it begins: after this event. */
  readonly start: number;
  /** When it was opened, every event up to this id was there. */
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

  /** @param last how many to begin with, where the filter names no event to begin after */
  static async open(orchestrator: Orchestrator, filter: EventFilter, last: number): Promise<EventFeed> {
    const asOf = await orchestrator.asOf();
    const start = filter.after ?? (await startOfLast(orchestrator, filter, asOf, last));
    return new EventFeed(orchestrator, filter, asOf, start);
  }

  /** Those that are there now. */
  async *present(until?: AbortSignal): AsyncGenerator<EventRecord> {
    const settled = await this.#orchestrator.asOf();
    const range = { after: this.#cursor, upTo: settled };
    for await (const event of eventsIn(this.#orchestrator, this.#filter, range, until)) {
      this.#cursor = event.id;
      yield event;
    }
    if (until?.aborted !== true) this.#cursor = Math.max(this.#cursor, settled);
  }

  /**
   * Those that are there, and then what happens.
   *
   * @param isOver asked before each look; that look is the last one when it answers true
   */
  async *followed(until: AbortSignal, isOver: () => Promise<boolean> = async () => false): AsyncGenerator<EventRecord> {
    // Watching begins before reading: what happens between the two is told.
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
  { session, task, type }: EventFilter,
  range: EventRange,
  until?: AbortSignal,
): AsyncGenerator<EventRecord> {
  const filter = {
    limit: PAGE,
    upTo: range.upTo,
    ...(session !== undefined && { sessionId: session }),
    ...(task !== undefined && { taskId: task }),
    ...(type !== undefined && { types: type }),
  };
  // Of one session the API counts by its own numbers, so its earlier events are read and left out here.
  let after: string | null = session === undefined ? String(range.after) : '0';
  while (after !== null) {
    // Reads of a local file never leave the event loop a turn, so without one no signal would be heard before the end.
    await nextTurn();
    if (until?.aborted) return;
    const page: Awaited<ReturnType<Orchestrator['listEvents']>> = await orchestrator.listEvents({ ...filter, after });
    for (const event of page.items) if (event.id > range.after) yield event;
    after = page.next;
  }
}

/** The event after which the last so many follow: looks back over ever more of the log until it has seen enough. */
async function startOfLast(
  orchestrator: Orchestrator,
  filter: EventFilter,
  asOf: number,
  last: number,
): Promise<number> {
  for (let back = last; ; back *= 4) {
    const from = Math.max(0, asOf - back);
    const ids: number[] = [];
    for await (const { id } of eventsIn(orchestrator, filter, { after: from, upTo: asOf })) {
      ids.push(id);
      if (ids.length > last) ids.shift();
    }
    const [first] = ids;
    if (ids.length === last && first !== undefined) return first - 1;
    if (from === 0) return 0;
  }
}
