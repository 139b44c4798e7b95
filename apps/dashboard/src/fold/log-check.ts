import type { Event, Storage } from '@agent-orchestrator/core';
import { AgentReplay, Replay } from '@agent-orchestrator/runtime';

/** What is wrong with an event. */
export interface LogMistake {
  readonly kind: string;
  readonly message: string;
  readonly eventId: number;
  readonly sessionId: string | null;
}

/** The reads that it needs. */
type Events = Pick<Storage['read'], 'events'>;

/** Of so many tasks the rows are kept. A session that was forgotten is read again when it continues. */
const TASKS_MAX = 5_000;
const MISTAKES_MAX = 100;
const PAGE = 500;

/**
 * Checks each event as it comes, with the rules of the commands themselves: that it continues its chain, has the hash
 * of what it says, and may follow on what was before. It does not compare the log with the state, as `verify` does.
 */
export class LogCheck {
  readonly #read: Events;
  readonly #namespace: string;
  readonly #replays = new Map<string, Replay>();
  readonly #agents = new Map<string, AgentReplay>();
  readonly #broken = new Set<string>();
  readonly mistakes: LogMistake[] = [];
  /** How many there are; only the first are kept. */
  mistakeCount = 0;
  /** Every event up to this id was checked. */
  checkedId = 0;
  #tasks = 0;

  constructor(read: Events, namespace: string) {
    this.#read = read;
    this.#namespace = namespace;
  }

  async add(event: Event): Promise<void> {
    const stream = `${event.streamKind}:${event.streamId}`;
    if (!this.#broken.has(stream)) {
      const mistake = event.streamKind === 'agent' ? this.#addToAgent(event) : await this.#addToSession(event);
      // After a mistake nothing more of its stream can be checked.
      if (mistake !== null) {
        this.#broken.add(stream);
        this.#note(event, mistake);
      }
    }
    this.checkedId = event.id;
  }

  #addToAgent(event: Event): Mistake | null {
    const replay = this.#agents.get(event.streamId) ?? new AgentReplay();
    this.#agents.set(event.streamId, replay);
    return replay.add(event);
  }

  async #addToSession(event: Event): Promise<Mistake | null> {
    const id = event.streamId;
    const known = this.#replays.get(id);
    const replay = known ?? (event.seq === 1 ? new Replay() : await this.#again(id, event.seq));
    const before = known === undefined ? 0 : known.tasks.size;
    const mistake = replay.add(event);
    // The one that continued last is last in the map.
    this.#replays.delete(id);
    this.#tasks -= before;
    if (mistake !== null || replay.session?.status === 'closed') return mistake;
    this.#replays.set(id, replay);
    this.#tasks += replay.tasks.size;
    this.#trim();
    return null;
  }

  /** The session as it was before an event. */
  async #again(sessionId: string, seq: number): Promise<Replay> {
    const replay = new Replay();
    for (let after: string | null = '0'; after !== null;) {
      const page: Awaited<ReturnType<Events['events']>> = await this.#read.events({
        namespace: this.#namespace,
        sessionId,
        after,
        limit: PAGE,
      });
      for (const event of page.items) {
        if (event.seq >= seq) return replay;
        replay.add(event);
      }
      after = page.next;
    }
    return replay;
  }

  #trim(): void {
    for (const [id, replay] of this.#replays) {
      if (this.#tasks <= TASKS_MAX || this.#replays.size === 1) return;
      this.#replays.delete(id);
      this.#tasks -= replay.tasks.size;
    }
  }

  #note({ id, sessionId }: Event, { kind, message }: Mistake): void {
    this.mistakeCount += 1;
    if (this.mistakes.length < MISTAKES_MAX) this.mistakes.push({ kind, message, eventId: id, sessionId });
  }
}

interface Mistake {
  readonly kind: string;
  readonly message: string;
}
