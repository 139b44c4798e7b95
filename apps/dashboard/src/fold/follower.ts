import { setTimeout as pause } from 'node:timers/promises';
import type { Event, Storage } from '@agent-orchestrator/core';
import { Changes, isSameLog, logPages, OrchestratorError, type LastRead } from '@agent-orchestrator/runtime';
import { ANSWER_MS, inTime } from './in-time.ts';
import { LogCheck } from './log-check.ts';
import { StoreHistory } from './store-history.ts';

/** How far the follower is. */
export interface FollowerState {
  /** `reading`: it reads what was before · `live`: it has all that is settled · `failed`: the store cannot be read. */
  readonly phase: 'reading' | 'live' | 'failed';
  /** The last event that it has. */
  readonly asOf: number;
  /** The last settled event that it knows of. */
  readonly settled: number;
  /** Since when it has not had all that is settled, in milliseconds; null: it has. */
  readonly behindSince: number | null;
  /** When the store last answered, in milliseconds. */
  readonly answeredAt: number;
  readonly error: { readonly code: string; readonly message: string } | null;
}

type Followed = Pick<Storage, 'read' | 'watch'>;

interface FollowerOptions {
  readonly clock?: () => number;
  /** A store that does not say within this time how far its log is counts as silent. */
  readonly answerMs?: number;
  readonly againMs?: number;
}

/** After an error, the store is read again after this time. */
const AGAIN_MS = 2_000;
/** While much is read, listeners hear of it no more often than this. */
const TELL_MS = 500;

/** Reads the log of one namespace as it grows, into a history and a check; tells its listeners after each change. */
export class Follower {
  readonly #storage: Followed;
  readonly #namespace: string;
  readonly #clock: () => number;
  readonly #answerMs: number;
  readonly #againMs: number;
  readonly #listeners = new Set<() => void>();
  #cursor = 0;
  #last: LastRead | null = null;
  #toldAt = 0;
  history = new StoreHistory();
  check: LogCheck;
  state: FollowerState;

  constructor(
    storage: Followed,
    namespace: string,
    { clock = Date.now, answerMs = ANSWER_MS, againMs = AGAIN_MS }: FollowerOptions = {},
  ) {
    this.#storage = storage;
    this.#answerMs = answerMs;
    this.#againMs = againMs;
    this.#namespace = namespace;
    this.#clock = clock;
    this.check = new LogCheck(storage.read, namespace);
    this.state = { phase: 'reading', asOf: 0, settled: 0, behindSince: null, answeredAt: clock(), error: null };
  }

  /** @returns ends it */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Until it is aborted. A store that cannot be read, or does not answer, is tried again. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await using changes = await this.#watch();
        while (!signal.aborted) {
          await this.catchUp(signal);
          await changes.wait(undefined, signal);
        }
      } catch (error) {
        if (signal.aborted) return;
        this.#fail(error);
        await pause(this.#againMs, undefined, { signal }).catch(() => {});
      }
    }
  }

  /** A watch that begins too late is not used: it ends as soon as it has begun. */
  async #watch(): Promise<Changes> {
    const begun = Changes.of(this.#storage);
    try {
      return await inTime(begun, this.#answerMs);
    } catch (error) {
      begun.then((changes) => changes[Symbol.asyncDispose]()).catch(() => {});
      throw error;
    }
  }

  /**
   * Reads what is settled and not read yet. A page of the log has the time that the storage gives to a read: one that
   * was given up would still be under way beside the next.
   */
  async catchUp(signal?: AbortSignal): Promise<void> {
    const settled = await inTime(this.#storage.read.settledEventId(), this.#answerMs);
    this.#note({ answeredAt: this.#clock() });
    // It answers again, and may take long to tell all that is missing.
    if (this.state.phase === 'failed') this.#note({ phase: 'reading', error: null });
    const isNew = settled !== this.#cursor || this.state.phase !== 'live';
    if (!isNew) return;
    const reads = {
      listEvents: (filter: { readonly after: string; readonly upTo: number; readonly limit: number }) =>
        this.#storage.read.events({ ...filter, namespace: this.#namespace }),
    };
    // The store was restored, or failed over to a server that lacks its last events.
    const isOther = this.#last !== null && !(await isSameLog(reads, this.#last, settled));
    if (settled < this.#cursor || isOther) this.#beginAgain();
    if (settled > this.#cursor) this.#note({ settled, behindSince: this.state.behindSince ?? this.#clock() });
    for await (const { events, readUpTo } of logPages(reads, { after: this.#cursor, upTo: settled })) {
      if (signal?.aborted === true) return;
      for (const event of events) await this.#add(event);
      this.#cursor = readUpTo;
      this.#note({ asOf: readUpTo, answeredAt: this.#clock() });
      if (this.#clock() - this.#toldAt > TELL_MS) this.#tell();
    }
    if (signal?.aborted === true) return;
    this.#note({ phase: 'live', asOf: settled, settled, behindSince: null, error: null });
    this.#tell();
  }

  /** The check may have to read. If that fails, the event has had no effect yet, and is read again. */
  async #add(event: Event): Promise<void> {
    await this.check.add(event);
    this.history.apply(event);
    const { namespace, id, hash } = event;
    this.#last = { namespace, id, hash };
    this.#cursor = id;
  }

  #beginAgain(): void {
    this.#cursor = 0;
    this.#last = null;
    this.history = new StoreHistory();
    this.check = new LogCheck(this.#storage.read, this.#namespace);
    const now = this.#clock();
    this.state = { phase: 'reading', asOf: 0, settled: 0, behindSince: now, answeredAt: now, error: null };
  }

  #fail(error: unknown): void {
    const { code, message } =
      error instanceof OrchestratorError ? error : { code: 'INTERNAL', message: 'The log cannot be read.' };
    this.#note({ phase: 'failed', behindSince: this.state.behindSince ?? this.#clock(), error: { code, message } });
    this.#tell();
  }

  #note(change: Partial<FollowerState>): void {
    this.state = { ...this.state, ...change };
  }

  #tell(): void {
    this.#toldAt = this.#clock();
    for (const listener of this.#listeners) listener();
  }
}
