import type { Reader } from './storage.ts';

/**
 * The calls of a storage, or of a snapshot, that have begun and not ended. Each is one unit, however many statements it
 * sends: it is refused or let in when it is made, and is running until its answer.
 */
export class RunningCalls {
  readonly #refusal: () => Error;
  readonly #running = new Set<Promise<unknown>>();
  #isOver = false;

  /** @param refusal what calls throw that come after the end */
  constructor(refusal: () => Error) {
    this.#refusal = refusal;
  }

  async run<R>(call: () => Promise<R>): Promise<R> {
    if (this.#isOver) throw this.#refusal();
    const running = call();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Refuses further calls, and waits until those that run have ended, well or not. */
  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.allSettled(this.#running);
  }

  /**
   * The same reads, each a call. A storage writes its reads without any check of its own: so none can check a second
   * time, in the middle. The reads of a snapshot end before it: its connection may serve another one then.
   */
  reader(reader: Reader): Reader {
    return {
      session: (namespace, id) => this.run(() => reader.session(namespace, id)),
      task: (namespace, id) => this.run(() => reader.task(namespace, id)),
      sessions: (filter) => this.run(() => reader.sessions(filter)),
      tasks: (filter) => this.run(() => reader.tasks(filter)),
      events: (filter) => this.run(() => reader.events(filter)),
      histories: (namespace, sessionIds, limit) => this.run(() => reader.histories(namespace, sessionIds, limit)),
      counts: (namespace, max) => this.run(() => reader.counts(namespace, max)),
      claimPreview: (scope) => this.run(() => reader.claimPreview(scope)),
      settledEventId: () => this.run(() => reader.settledEventId()),
      idOfNumber: (namespace, kind, number) => this.run(() => reader.idOfNumber(namespace, kind, number)),
      namespaces: () => this.run(() => reader.namespaces()),
      snapshot: (use) => this.run(() => reader.snapshot((inside) => withinSnapshot(inside, use))),
      now: () => this.run(() => reader.now()),
      storeState: () => this.run(() => reader.storeState()),
    };
  }
}

/** A caller that failed does not wait for its reads, and one may keep the reader. */
async function withinSnapshot<R>(reader: Reader, use: (reader: Reader) => Promise<R>): Promise<R> {
  const calls = new RunningCalls(() => new Error('A read of a snapshot came after the snapshot was over.'));
  try {
    return await use(calls.reader(reader));
  } finally {
    await calls.end();
  }
}
