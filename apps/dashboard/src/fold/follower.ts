import { setTimeout as pause } from 'node:timers/promises';
import type { Event, Storage } from '@agent-orchestrator/core';
import { Changes, isSameLog, logPages, OrchestratorError, type LastRead } from '@agent-orchestrator/runtime';
import { ANSWER_MS, inTime, LOST_MS } from './in-time.ts';
import { LogCheck } from './log-check.ts';
import { SharedQuestions } from './shared-questions.ts';
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
  /** After this time, what it was asked counts as lost, and is asked again. */
  readonly lostMs?: number;
  readonly againMs?: number;
}

/** After an error, the store is read again after this time. */
const AGAIN_MS = 2_000;
const SETTLED = 'settled';
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
  readonly #lostMs: number;
  readonly #questions = new SharedQuestions<number>();
  /** A watch that has not begun yet, or not been taken. */
  #begun: Promise<Changes> | null = null;
  #cursor = 0;
  #last: LastRead | null = null;
  #toldAt = 0;
  history = new StoreHistory();
  check: LogCheck;
  state: FollowerState;

  constructor(
    storage: Followed,
    namespace: string,
    { clock = Date.now, answerMs = ANSWER_MS, lostMs = LOST_MS, againMs = AGAIN_MS }: FollowerOptions = {},
  ) {
    this.#storage = storage;
    this.#answerMs = answerMs;
    this.#lostMs = lostMs;
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
        if (signal.aborted) break;
        this.#fail(error);
        await pause(this.#againMs, undefined, { signal }).catch(() => {});
      }
    }
    if (this.#begun !== null) end(this.#begun);
  }

  /** A watch that begins late is taken later: no second one begins beside it, unless it counts as lost. */
  async #watch(): Promise<Changes> {
    this.#begun ??= this.#begin();
    const changes = await inTime(this.#begun, this.#answerMs);
    this.#begun = null;
    return changes;
  }

  async #begin(): Promise<Changes> {
    const begun = Changes.of(this.#storage);
    try {
      return await inTime(begun, this.#lostMs);
    } catch (error) {
      this.#begun = null;
      end(begun);
      throw error;
    }
  }

  /** Reads what is settled and not read yet. */
  async catchUp(signal?: AbortSignal): Promise<void> {
    // It was asked before, and answers late: it may lack what was committed since.
    if (this.#questions.isUnderWay(SETTLED)) await this.#readUpTo(await this.#settled(), signal);
    const settled = await this.#settled();
    if (settled === this.#cursor && this.state.phase === 'live') return;
    await this.#readUpTo(settled, signal);
    if (signal?.aborted === true) return;
    this.#note({ phase: 'live', asOf: settled, settled, behindSince: null, error: null });
    this.#tell();
  }

  /** How far the log is, if the store says so in time. Until it does, it is not asked again. */
  async #settled(): Promise<number> {
    const question = () => inTime(this.#storage.read.settledEventId(), this.#lostMs);
    const settled = await inTime(this.#questions.ask(SETTLED, question), this.#answerMs);
    this.#note({ answeredAt: this.#clock() });
    // It answers again, and may take long to tell all that is missing.
    if (this.state.phase === 'failed') this.#note({ phase: 'reading', error: null });
    return settled;
  }

  /** A page of the log has the time that the storage gives to a read. */
  async #readUpTo(settled: number, signal?: AbortSignal): Promise<void> {
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

/** As soon as it has begun, if it ever does. */
function end(watch: Promise<Changes>): void {
  watch.then((changes) => changes[Symbol.asyncDispose]()).catch(() => {});
}
