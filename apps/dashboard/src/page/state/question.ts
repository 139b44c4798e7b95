/** Changes that come faster are asked for together. */
const TOGETHER_MS = 100;
/** A page whose answer costs much asks less often, so that pages together take no more than a part of the server. */
const PAUSE_PER_ANSWER = 4;

/**
 * One question to the server, asked again whenever it may have another answer. What is wanted meanwhile is asked for
 * once, after the answer: changes that come faster than answers do not keep the page from getting any.
 */
export class Question<Answer> {
  readonly #ask: (stopped: AbortSignal) => Promise<Answer>;
  readonly #tell: (answer: Answer) => void;
  readonly #stop = new AbortController();
  #isAsking = false;
  #isWanted = false;

  constructor(ask: (stopped: AbortSignal) => Promise<Answer>, tell: (answer: Answer) => void) {
    this.#ask = ask;
    this.#tell = tell;
  }

  want(): void {
    this.#isWanted = true;
    if (!this.#isAsking) void this.#askWhileWanted();
  }

  /** Nothing is told from now on. */
  stop(): void {
    this.#stop.abort();
  }

  async #askWhileWanted(): Promise<void> {
    const { signal } = this.#stop;
    this.#isAsking = true;
    while (this.#isWanted && !signal.aborted) {
      this.#isWanted = false;
      const began = performance.now();
      const answer = await this.#ask(signal);
      if (signal.aborted) return;
      this.#tell(answer);
      const tookMs = performance.now() - began;
      await new Promise((next) => setTimeout(next, Math.max(TOGETHER_MS, PAUSE_PER_ANSWER * tookMs)));
    }
    this.#isAsking = false;
  }
}
