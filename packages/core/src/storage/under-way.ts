/** Work that has begun and may not have ended, such as a read that waits for its turn. */
export class UnderWay {
  readonly #all = new Set<Promise<unknown>>();

  track<R>(work: Promise<R>): Promise<R> {
    const tracked = work.finally(() => this.#all.delete(tracked));
    this.#all.add(tracked);
    return tracked;
  }

  /** Waits until all that is tracked now has ended, well or not. */
  async ended(): Promise<void> {
    await Promise.allSettled(this.#all);
  }
}

/** A read that comes after its snapshot would see another state. Its caller has not waited for it. */
export function readAfterSnapshot(): Error {
  return new Error('A read of a snapshot came after the snapshot was over.');
}
