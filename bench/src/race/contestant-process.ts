import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ContestantName } from '../contestants/catalogue.ts';
import type { Seat } from '../contestants/contestant.ts';
import type { Answers, Carrier, Order, Reply } from './orders.ts';

const PROGRAM = fileURLToPath(new URL('./program.ts', import.meta.url));

/** A contestant in a process of its own. */
export class ContestantProcess implements Carrier {
  readonly #child: ChildProcess;
  readonly #name: ContestantName;
  readonly #ended: Promise<never>;

  private constructor(name: ContestantName) {
    this.#name = name;
    this.#child = fork(PROGRAM, { serialization: 'advanced' });
    this.#ended = once(this.#child, 'exit').then(([code]) => {
      throw new Error(`a process of ${name} ended with ${String(code)}`);
    });
    this.#ended.catch(() => {});
  }

  static async open(name: ContestantName, seat: Seat): Promise<ContestantProcess> {
    const opened = new ContestantProcess(name);
    try {
      await opened.ask({ is: 'open', contestant: name, seat });
    } catch (error) {
      await opened[Symbol.asyncDispose]();
      throw error;
    }
    return opened;
  }

  /** @throws if the process could not do it, or ends instead of answering */
  async ask<O extends Order>(order: O): Promise<Answers[O['is']]> {
    const over = new AbortController();
    try {
      const answer = once(this.#child, 'message', over);
      // Whether it can still be sent to says its end.
      this.#child.send(order, () => {});
      const [reply] = (await Promise.race([answer, this.#ended])) as [Reply];
      if (reply.is === 'error') throw new Error(`a process of ${this.#name}: ${reply.message}`);
      return reply.answer as Answers[O['is']];
    } finally {
      over.abort();
    }
  }

  /** Closes the store and ends the process; one that does not end by itself is killed. */
  async close(): Promise<void> {
    await this.ask({ is: 'close' });
    await this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    const impatient = setTimeout(() => this.#child.kill('SIGKILL'), 3_000);
    if (this.#child.connected) this.#child.disconnect();
    await exited;
    clearTimeout(impatient);
  }
}
