import type { Storage } from '@agent-orchestrator/core';
import type { ToProcess } from './settings.ts';

/** What a process waits for: that something changed, that it is told to finish, or that a time has come. */
export class Changes {
  readonly #waiting = new Set<() => void>();
  #unwatch: () => Promise<void> = async () => {};
  #seen = true;
  #finished = false;

  static async watch(storage: Storage): Promise<Changes> {
    const changes = new Changes();
    changes.#unwatch = await storage.watch(() => changes.#wake());
    process.on('message', (message: ToProcess) => {
      if (message.is !== 'finish') return;
      changes.#finished = true;
      changes.#wake();
    });
    return changes;
  }

  /** Whether the run is over. */
  get finished(): boolean {
    return this.#finished;
  }

  /** Resolves at once if something changed since the last time. */
  async next(timeoutMs: number): Promise<void> {
    if (!this.#seen && !this.#finished) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, timeoutMs);
        const waiting = this.#waiting.add(done);
        function done() {
          clearTimeout(timer);
          waiting.delete(done);
          resolve();
        }
      });
    }
    this.#seen = false;
  }

  async stop(): Promise<void> {
    await this.#unwatch();
  }

  #wake(): void {
    this.#seen = true;
    for (const resolve of this.#waiting) resolve();
  }
}
