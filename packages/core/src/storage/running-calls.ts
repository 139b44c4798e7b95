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

  /** @param signal aborted: the call throws, and counts as ended, although the database may still be at work on it */
  async run<R>(call: () => Promise<R>, signal?: AbortSignal): Promise<R> {
    if (this.#isOver) throw this.#refusal();
    const running = signal === undefined ? call() : untilAborted(signal, call);
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
    return readerBy((call, signal) => this.run(call, signal), reader);
  }
}

type Run = <R>(call: () => Promise<R>, signal?: AbortSignal) => Promise<R>;

function readerBy(run: Run, reader: Reader): Reader {
  return {
    session: (namespace, id) => run(() => reader.session(namespace, id)),
    task: (namespace, id, signal) => run(() => reader.task(namespace, id), signal),
    agent: (namespace, name) => run(() => reader.agent(namespace, name)),
    agents: (filter) => run(() => reader.agents(filter)),
    sessions: (filter) => run(() => reader.sessions(filter)),
    tasks: (filter) => run(() => reader.tasks(filter)),
    questions: (filter) => run(() => reader.questions(filter)),
    events: (filter) => run(() => reader.events(filter)),
    dependencies: (filter) => run(() => reader.dependencies(filter)),
    dependencyEnds: (filter) => run(() => reader.dependencyEnds(filter)),
    leases: (filter) => run(() => reader.leases(filter)),
    histories: (namespace, sessionIds, limit) => run(() => reader.histories(namespace, sessionIds, limit)),
    counts: (namespace, max) => run(() => reader.counts(namespace, max)),
    countsOfSession: (namespace, sessionId, max) => run(() => reader.countsOfSession(namespace, sessionId, max)),
    oldestHeads: (namespace, asked) => run(() => reader.oldestHeads(namespace, asked)),
    nextScheduled: (namespace, after) => run(() => reader.nextScheduled(namespace, after)),
    claimPreview: (scope) => run(() => reader.claimPreview(scope)),
    settledEventId: () => run(() => reader.settledEventId()),
    idOfNumber: (namespace, kind, number) => run(() => reader.idOfNumber(namespace, kind, number)),
    namespaces: () => run(() => reader.namespaces()),
    snapshot: (use) => run(() => reader.snapshot((inside) => withinSnapshot(inside, use))),
    now: () => run(() => reader.now()),
    storeState: (signal) => run(() => reader.storeState(), signal),
  };
}

/** @throws the signal's reason, when it is aborted before the answer */
async function untilAborted<R>(signal: AbortSignal, call: () => Promise<R>): Promise<R> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason as Error);
  signal.addEventListener('abort', abort);
  try {
    return await Promise.race([call(), aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/**
 * A caller that failed does not wait for its reads, and one may keep the reader. The snapshot waits for all of them,
 * also if their signals are aborted.
 */
async function withinSnapshot<R>(reader: Reader, use: (reader: Reader) => Promise<R>): Promise<R> {
  const calls = new RunningCalls(() => new Error('A read of a snapshot came after the snapshot was over.'));
  try {
    return await use(readerBy((call) => calls.run(call), reader));
  } finally {
    await calls.end();
  }
}
