import type { Event, Mistake, Storage } from '@agent-orchestrator/core';
import { AgentReplay, CHAIN_START, linkMistake } from '@agent-orchestrator/runtime';
import { SlimReplay } from './slim-replay.ts';

/** What is wrong with an event. */
export interface LogMistake {
  readonly kind: string;
  readonly message: string;
  readonly eventId: number;
}

/** The end of a chain. */
type ChainEnd = Pick<Event, 'seq' | 'hash'>;

/** The reads that it needs. */
type Events = Pick<Storage['read'], 'events'>;

/** Of so many tasks at most the rows are kept. */
const TASKS_MAX = 5_000;
const MISTAKES_MAX = 100;
const PAGE = 250;

/**
 * Checks each event as it comes, with the rules of the commands themselves: that it continues its chain, has the hash
 * of what it says, and may follow on what was before. It does not compare the log with the state, as `verify` does.
 *
 * Its memory and its work are bounded. The session that was quiet for the longest is forgotten, and read again when it
 * continues; but no more is read again than was checked. A session for which that is not enough, or which is too large
 * to be kept, is from then on checked only for its chain.
 */
export class LogCheck {
  readonly #read: Events;
  readonly #namespace: string;
  readonly #tasksMax: number;
  /** The one that continued last is last. */
  readonly #replays = new Map<string, SlimReplay>();
  readonly #agents = new Map<string, AgentReplay>();
  /** The sessions of which only the chain is checked. */
  readonly #ends = new Map<string, ChainEnd>();
  readonly #broken = new Set<string>();
  readonly mistakes: LogMistake[] = [];
  /** How many there are; only the first are kept. */
  mistakeCount = 0;
  /** Every event up to this id was checked. */
  checkedId = 0;
  #tasks = 0;
  /** So many events may be read again. */
  #credit = 0;

  constructor(read: Events, namespace: string, tasksMax = TASKS_MAX) {
    this.#read = read;
    this.#namespace = namespace;
    this.#tasksMax = tasksMax;
  }

  /** Of how many sessions only the chain is checked. */
  get chainOnlyCount(): number {
    return this.#ends.size;
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
    this.#credit += 1;
  }

  #addToAgent(event: Event): Mistake | null {
    const replay = this.#agents.get(event.streamId) ?? new AgentReplay();
    this.#agents.set(event.streamId, replay);
    return replay.add(event);
  }

  async #addToSession(event: Event): Promise<Mistake | null> {
    const { streamId: id, seq, hash } = event;
    const end = this.#ends.get(id);
    if (end !== undefined) return this.#addToChain(event, end);
    const replay = this.#replays.get(id) ?? (await this.#again(id, seq));
    if (replay === null) return this.#addToChain(event, await this.#endBefore(id, seq));
    const before = this.#replays.has(id) ? replay.taskCount : 0;
    const mistake = replay.add(event);
    this.#replays.delete(id);
    this.#tasks -= before;
    if (mistake !== null || replay.isClosed) return mistake;
    if (replay.taskCount > this.#tasksMax) {
      this.#ends.set(id, { seq, hash });
      return null;
    }
    this.#replays.set(id, replay);
    this.#tasks += replay.taskCount;
    this.#trim();
    return null;
  }

  #addToChain(event: Event, end: ChainEnd): Mistake | null {
    const mistake = linkMistake(event, end.seq, end.hash);
    if (mistake === null) this.#ends.set(event.streamId, { seq: event.seq, hash: event.hash });
    return mistake;
  }

  /** The session as it was before an event; null: it would take too much work to read it again. */
  async #again(sessionId: string, seq: number): Promise<SlimReplay | null> {
    if (seq - 1 > this.#credit) return null;
    this.#credit -= seq - 1;
    const replay = new SlimReplay();
    for (let at = 0; at < seq - 1; at += PAGE) {
      const { items } = await this.#read.events({
        namespace: this.#namespace,
        sessionId,
        after: String(at),
        limit: Math.min(PAGE, seq - 1 - at),
      });
      for (const event of items) replay.add(event);
    }
    return replay;
  }

  async #endBefore(sessionId: string, seq: number): Promise<ChainEnd> {
    const filter = { namespace: this.#namespace, sessionId, after: String(seq - 2), limit: 1 };
    const [event] = seq < 2 ? [] : (await this.#read.events(filter)).items;
    return event ?? { seq: 0, hash: CHAIN_START };
  }

  #trim(): void {
    for (const [id, replay] of this.#replays) {
      if (this.#tasks <= this.#tasksMax) return;
      this.#replays.delete(id);
      this.#tasks -= replay.taskCount;
    }
  }

  #note({ id }: Event, { kind, message }: Mistake): void {
    this.mistakeCount += 1;
    if (this.mistakes.length < MISTAKES_MAX) this.mistakes.push({ kind, message, eventId: id });
  }
}
