import process from 'node:process';
import type { Contestant, Open } from '../contestants/contestant.ts';
import { now } from '../now.ts';
import { portionsOf } from '../tasks.ts';
import type { Answer, Enqueued, Order, Worked } from './orders.ts';

/** A process that has handled nothing for so long never will. */
const BEGIN_WITHIN_MS = 30_000;

/** Does with one contestant what it is told, order by order. */
export class OrderTaker {
  readonly #contestants: Readonly<Record<string, Open>>;
  readonly #beginWithinMs: number;
  #contestant: Contestant | undefined;
  #callers = 1;
  #handledAt: number[] = [];
  #tasks: number[] = [];
  #begun = Promise.withResolvers<void>();
  #cpuBefore = process.cpuUsage();

  constructor(contestants: Readonly<Record<string, Open>>, beginWithinMs = BEGIN_WITHIN_MS) {
    this.#contestants = contestants;
    this.#beginWithinMs = beginWithinMs;
  }

  async carryOut(order: Order): Promise<Answer> {
    if (order.is === 'open') {
      const open = this.#contestants[order.contestant];
      this.#contestant = await open?.(order.seat);
      this.#callers = order.seat.callers;
      return null;
    }
    const contestant = this.#contestant;
    if (contestant === undefined) throw new Error('no contestant is open');
    switch (order.is) {
      case 'enqueue':
        return enqueue(contestant, order.first, order.tasks);
      case 'start':
        await this.#start(contestant);
        return null;
      case 'count':
        return {
          handled: this.#tasks.length,
          begunAt: this.#begunAt,
          lastAt: this.#handledAt.at(-1) ?? Number.NaN,
        };
      case 'stop':
        return this.#stop(contestant);
      case 'finish':
        this.#forget();
        await contestant.finish(this.#onTask);
        return { tasks: Float64Array.from(this.#tasks) };
      case 'tally':
        return contestant.tally();
      case 'close':
        await contestant.close();
        return null;
    }
  }

  readonly #onTask = (task: number): void => {
    this.#handledAt.push(now());
    this.#tasks.push(task);
    if (this.#tasks.length === this.#callers) this.#begun.resolve();
  };

  get #begunAt(): number {
    return this.#handledAt[this.#callers - 1] ?? Number.NaN;
  }

  #forget(): void {
    [this.#handledAt, this.#tasks] = [[], []];
    this.#begun = Promise.withResolvers();
  }

  async #start(contestant: Contestant): Promise<void> {
    this.#forget();
    this.#cpuBefore = process.cpuUsage();
    await contestant.start(this.#onTask);
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const handled = `${this.#tasks.length} tasks with ${this.#callers} callers`;
      late.reject(new Error(`a process handled ${handled} in ${this.#beginWithinMs} ms`));
    }, this.#beginWithinMs);
    try {
      await Promise.race([this.#begun.promise, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #stop(contestant: Contestant): Promise<Worked> {
    await contestant.stop();
    const { user, system } = process.cpuUsage(this.#cpuBefore);
    return {
      begunAt: this.#begunAt,
      handledAt: Float64Array.from(this.#handledAt),
      tasks: Float64Array.from(this.#tasks),
      cpuMs: (user + system) / 1_000,
    };
  }
}

async function enqueue(contestant: Contestant, first: number, tasks: number): Promise<Enqueued> {
  const start = now();
  for (const portion of portionsOf(tasks)) await contestant.enqueue(portion.map((task) => first + task));
  return { elapsedMs: now() - start };
}
