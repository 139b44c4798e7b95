import { setTimeout } from 'node:timers/promises';
import type { ContestantName } from '../contestants/catalogue.ts';
import type { Seat, Tally } from '../contestants/contestant.ts';
import type { Place } from '../places/place.ts';
import type { Carrier } from './orders.ts';
import { BURST_MS, type Run, type Turn } from './run.ts';

/** Opens a contestant in a process of its own. */
export type OpenCarrier = (name: ContestantName, seat: Seat) => Promise<Carrier>;

/** Before a turn, so many times as many tasks wait as the fullest turn before took. */
const RESERVE = 2;
const POLL_MS = 5;
/** A process that has handled nothing more for so long never will. */
const PATIENCE_MS = 30_000;

/** One run with its store and its processes, which stay open for the whole round. */
export class Lane implements AsyncDisposable {
  readonly name: string;
  readonly #turns: Turn[] = [];
  readonly #place: Place;
  readonly #contestant: ContestantName;
  readonly #workers: readonly Carrier[];
  readonly #opened: AsyncDisposableStack;
  readonly #handled = new Set<number>();
  #added: number;
  #mostPerTurn = 0;

  private constructor(
    name: string,
    place: Place,
    { contestant, tasks }: Run,
    { workers, opened }: { workers: readonly Carrier[]; opened: AsyncDisposableStack },
  ) {
    this.name = name;
    this.#place = place;
    this.#contestant = contestant;
    this.#added = tasks;
    this.#workers = workers;
    this.#opened = opened;
  }

  static async open(name: string, place: Place, run: Run, openCarrier: OpenCarrier): Promise<Lane> {
    await using opening = new AsyncDisposableStack();
    const store = opening.use(await place.fresh());
    const { contestant, synchronous = 'NORMAL', callers = 1, processes = 1, tasks } = run;
    const seat = { url: store.url, synchronous, callers, processes };
    await using filler = await openCarrier(contestant, { ...seat, isFirst: true });
    await filler.ask({ is: 'enqueue', first: 0, tasks });
    await filler.ask({ is: 'close' });
    const starting = Array.from({ length: processes }, async () =>
      opening.use(await openCarrier(contestant, { ...seat, isFirst: false })),
    );
    const workers = await Promise.all(starting);
    return new Lane(name, place, run, { workers, opened: opening.move() });
  }

  /** From when every process works. @throws if one of them handles nothing, or a task was handled before */
  async workFor(ms: number): Promise<void> {
    await this.#addTasks();
    const before = await this.#place.use();
    await Promise.all(this.#workers.map((worker) => worker.ask({ is: 'start' })));
    await setTimeout(ms);
    await this.#untilMeasurable();
    const worked = await Promise.all(this.#workers.map((worker) => worker.ask({ is: 'stop' })));
    const after = await this.#place.use();
    const known = this.#handled.size;
    for (const { tasks } of worked) this.#noteHandled(tasks);
    this.#mostPerTurn = Math.max(this.#mostPerTurn, this.#handled.size - known);
    if (this.#handled.size === this.#added) this.#fail('ran out of tasks, so its rate is not known');
    const server = { cpuMs: after.cpuMs - before.cpuMs, walBytes: after.walBytes - before.walBytes };
    this.#turns.push({ worked, server });
  }

  /** The turns after the first, which warms up. */
  counted(): readonly Turn[] {
    return this.#turns.slice(1);
  }

  /** @throws if the store does not say that exactly the tasks that were handled are done */
  async close(): Promise<void> {
    for (const worker of this.#workers) this.#noteHandled((await worker.ask({ is: 'finish' })).tasks);
    const [first] = this.#workers;
    if (first !== undefined) this.#compare(await first.ask({ is: 'tally' }));
    for (const worker of this.#workers) await worker.ask({ is: 'close' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }

  async #addTasks(): Promise<void> {
    const waiting = this.#added - this.#handled.size;
    const missing = Math.ceil(this.#mostPerTurn * RESERVE) - waiting;
    const [first] = this.#workers;
    if (missing <= 0 || first === undefined) return;
    await first.ask({ is: 'enqueue', first: this.#added, tasks: missing });
    this.#added += missing;
  }

  /** A turn on a busy machine may be over before a process has handled a second burst. */
  async #untilMeasurable(): Promise<void> {
    for (let waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
      const counted = await Promise.all(this.#workers.map((worker) => worker.ask({ is: 'count' })));
      const origin = Math.max(...counted.map(({ begunAt }) => begunAt)) + BURST_MS;
      if (counted.every(({ lastAt }) => lastAt > origin)) return;
      await setTimeout(POLL_MS);
    }
    this.#fail(`has a process that handled nothing in ${PATIENCE_MS} ms`);
  }

  #noteHandled(tasks: Iterable<number>): void {
    for (const task of tasks) {
      if (this.#handled.has(task)) this.#fail(`handled task ${task} twice`);
      if (!(task >= 0 && task < this.#added)) this.#fail(`handled task ${task}, which was never added`);
      this.#handled.add(task);
    }
  }

  #compare({ done, waiting, held, failed }: Tally): void {
    const handled = this.#handled.size;
    const left = this.#added - handled;
    const found = { ...(done !== null && { done }), waiting, held, failed };
    const right = { ...(done !== null && { done: handled }), waiting: left, held: 0, failed: 0 };
    if (JSON.stringify(found) === JSON.stringify(right)) return;
    const added = `${this.#added} were added and ${handled} handled`;
    this.#fail(`lost or kept tasks: ${added}, but its store says ${JSON.stringify(found)}`);
  }

  #fail(message: string): never {
    throw new Error(`${this.name}: ${this.#contestant} ${message}`);
  }
}
