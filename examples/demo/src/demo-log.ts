import type { EventRecord, Orchestrator } from '@agent-orchestrator/core';
import { EventFeed } from '@agent-orchestrator/runtime';

/** Follows the log while the demo runs: everything that is shown, awaited and checked comes from it. */
export class DemoLog {
  readonly events: EventRecord[] = [];
  readonly #ended = new AbortController();
  readonly #waiting = new Set<() => void>();
  #following: Promise<void> = Promise.resolve();

  static async follow(orchestrator: Orchestrator, tell: (event: EventRecord) => void): Promise<DemoLog> {
    const log = new DemoLog();
    const feed = await EventFeed.open(orchestrator, { after: 0 }, 0);
    log.#following = log.#follow(feed, tell);
    return log;
  }

  /** Resolves as soon as the log fulfils the condition. */
  async until(condition: (events: readonly EventRecord[]) => boolean): Promise<void> {
    if (condition(this.events)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (condition(this.events)) resolve();
    };
    this.#waiting.add(look);
    await Promise.race([promise, this.#following]);
    this.#waiting.delete(look);
    if (!condition(this.events)) throw new Error('The log ended before the demo did.');
  }

  /** Reads to the end of the log. */
  async end(): Promise<void> {
    this.#ended.abort();
    await this.#following;
  }

  async #follow(feed: EventFeed, tell: (event: EventRecord) => void): Promise<void> {
    const heard = (event: EventRecord) => {
      this.events.push(event);
      tell(event);
      for (const look of this.#waiting) look();
    };
    for await (const event of feed.followed(this.#ended.signal)) heard(event);
    for await (const event of feed.present()) heard(event);
  }
}
