import { OrchestratorError } from '@agent-orchestrator/core';
import type { Answer, Connection, Query } from './connection.ts';
import { DRAWN_AND_WRITERS } from './read/followers.ts';
import { query } from './server/statement-batch.ts';
import { FIRST, TIMEOUTS } from './server/transactions.ts';

/** Where one process tells the others that it has committed. */
const CHANNEL = 'orchestrator_changed';
/** The listener is only a hint: so often the database is looked at all the same … */
const LOOK_MS = TIMEOUTS.hint_ms;
/** … and a listener that is gone, or says nothing any more, is replaced. */
const LISTENER_ASKED_MS = 15_000;
/** The first commit is told at once, those that follow within this time together. */
const TELL_MS = 50;
/** After this time without an answer, the next look uses another connection. */
const ANSWER_MS = 5_000;

/** Told to listeners, and to watchers that look. */
const TELL = query(`${FIRST.hint}; SELECT nextval('orchestrator.changes'), pg_notify('${CHANNEL}', '')`);
const TOLD = query('SELECT c.last_value, c.is_called FROM orchestrator.changes c');

/** The code of the warning that a process gives once. */
export const POOLED = 'STORE_POOLED';
let saidPooled = false;

/** Nothing fails, so no answer tells it, and only the operator can do something about it. */
function sayPooled(): void {
  if (saidPooled) return;
  saidPooled = true;
  process.emitWarning(
    'A pooler stands between this process and PostgreSQL, and may pass no notifications on. Changes of other ' +
      `processes are noticed by looking, every ${LOOK_MS} ms. To be told at once, give the address of the server ` +
      'itself.',
    { type: 'OrchestratorWarning', code: POOLED },
  );
}

export interface WatchOptions {
  /** Sends reads. */
  readonly read: (queries: readonly Query[], timeoutMs: number) => Promise<readonly Answer[]>;
  /** Sends what is a transaction by itself. */
  readonly tell: (one: Query) => Promise<void>;
  /** Whether what is sent gets to the server itself, and not to a pooler. */
  readonly isDirect: (timeoutMs: number) => Promise<boolean>;
  /** A connection that is to hear what is told, not yet opened. */
  readonly newConnection: () => Connection;
}

/**
 * Reports when the data have changed: at once when this process has committed or the listener gets a notification of
 * another process, and by looking, four times a second. Behind a pooler looking is all there is, and enough: a listener
 * would get nothing there, and would leave LISTEN behind on a connection that others use next. PgBouncer then writes a
 * warning into its log for each message.
 */
export class ChangeWatcher {
  readonly #options: WatchOptions;
  readonly #listeners = new Set<() => void>();
  /** From the moment in which it begins to be opened, so that the end of the watch ends it. */
  #listener: Connection | null = null;
  #connecting = false;
  #isPooled = false;
  #askedAt = 0;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> = Promise.resolve();
  #telling: NodeJS.Timeout | null = null;
  #untold = false;
  #seen = '';
  #isClosed = false;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** @returns stops */
  async add(onChange: () => void): Promise<() => Promise<void>> {
    const listener = () => onChange();
    // Before it counts as watching: what cannot be read cannot be watched.
    const state = await this.#state();
    this.#assertOpen();
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) {
      this.#seen = state;
      this.#lookLater();
      await this.#listen();
      this.#assertOpen();
    }
    return async () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stop();
    };
  }

  /**
   * This process has committed.
   *
   * @param tellsOthers false: other processes notice it at their next look, which is soon enough
   */
  announce(tellsOthers: boolean): void {
    this.#call();
    if (!tellsOthers) return;
    this.#untold = true;
    if (this.#telling !== null) return;
    void this.#tell();
    this.#telling = setTimeout(() => {
      this.#telling = null;
      void this.#tell();
    }, TELL_MS);
  }

  /** Ends all watches, those too that are beginning: they throw `STORE_CLOSED`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listeners.clear();
    if (this.#telling !== null) clearTimeout(this.#telling);
    this.#telling = null;
    this.#stop();
    // No work follows it. The connections stay open for a moment longer, in which the server may still get it, and
    // answer a look.
    const { promise: tooLate, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, TIMEOUTS.hint_ms);
    await Promise.race([Promise.all([this.#tell(), this.#looking]), tooLate]);
    clearTimeout(timer);
  }

  /** Outside of the commit: NOTIFY holds a lock of the whole database while its transaction waits for the disk. */
  async #tell(): Promise<void> {
    if (!this.#untold) return;
    this.#untold = false;
    try {
      await this.#options.tell(TELL);
    } catch {
      // No listener was told; the others look by themselves.
    }
  }

  #stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#letGoOfListener();
  }

  #letGoOfListener(): void {
    this.#listener?.destroy();
    this.#listener = null;
  }

  #call(): void {
    for (const listener of this.#listeners) listener();
  }

  #lookLater(): void {
    if (this.#listeners.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look();
    }, LOOK_MS);
  }

  async #look(): Promise<void> {
    try {
      const state = await this.#state();
      if (state !== this.#seen) this.#call();
      this.#seen = state;
    } catch {
      // What cannot be read may have changed: a caller that looks again learns why.
      this.#call();
    }
    if (this.#listeners.size === 0) return;
    void this.#listen();
    this.#lookLater();
  }

  /**
   * Keeps a listener: a new one if there is none, and a question from time to time, which a half-open one cannot
   * answer.
   */
  async #listen(): Promise<void> {
    if (this.#connecting || this.#isPooled) return;
    const now = performance.now();
    if (this.#listener?.usable === true && now - this.#askedAt < LISTENER_ASKED_MS) return;
    this.#connecting = true;
    this.#askedAt = now;
    try {
      if (this.#listener?.usable !== true) this.#listener = await this.#newListener();
      await this.#listener?.listen(CHANNEL, () => this.#call(), ANSWER_MS);
    } catch {
      this.#letGoOfListener();
    } finally {
      this.#connecting = false;
    }
  }

  /** null: there can be none, or there is no watcher any more. */
  async #newListener(): Promise<Connection | null> {
    this.#isPooled = !(await this.#options.isDirect(ANSWER_MS));
    if (this.#isPooled) sayPooled();
    return this.#isPooled || this.#listeners.size === 0 ? null : this.#options.newConnection();
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new OrchestratorError('STORE_CLOSED');
  }

  /**
   * Changes with every commit that writes to the log (new ids were drawn since, or a writer has ended), and with what
   * was told.
   */
  async #state(): Promise<string> {
    return JSON.stringify(await this.#options.read([...DRAWN_AND_WRITERS, TOLD], ANSWER_MS));
  }
}
