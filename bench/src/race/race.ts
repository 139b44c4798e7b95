import { setTimeout } from 'node:timers/promises';
import type { ContestantName } from '../contestants/catalogue.ts';
import type { Place } from '../places/place.ts';
import { rotated } from '../spread.ts';
import { ContestantProcess } from './contestant-process.ts';
import { outcomeOf, type Outcome, type Run, type Turn } from './run.ts';

export interface Pace {
  /** How often each run works; the first turn warms up, and is not counted. */
  readonly turns: number;
  /** How long a run works before the next one does. */
  readonly turnMs: number;
}

/**
 * One round: each run gets an empty store of its own, fills it, opens it in fresh processes, and then all runs take
 * turns, so that a noisy second hits all of them alike. Which is first changes from turn to turn.
 */
export async function race<Name extends string>(
  place: Place,
  runs: Readonly<Record<Name, Run>>,
  { turns, turnMs }: Pace,
  round: number,
): Promise<ReadonlyMap<string, Outcome>> {
  await using opened = new AsyncDisposableStack();
  const lanes: Lane[] = [];
  for (const [name, run] of Object.entries<Run>(runs)) lanes.push(opened.use(await Lane.open(name, place, run)));
  for (let turn = 0; turn < turns; turn += 1) {
    for (const lane of rotated(lanes, round + turn)) await lane.workFor(turnMs);
  }
  for (const lane of lanes) await lane.close();
  return new Map(lanes.map((lane) => [lane.name, outcomeOf(lane.counted())]));
}

/** One run with its store and its processes. */
class Lane implements AsyncDisposable {
  readonly name: string;
  readonly #turns: Turn[] = [];
  readonly #place: Place;
  readonly #contestant: ContestantName;
  readonly #workers: readonly ContestantProcess[];
  readonly #opened: AsyncDisposableStack;
  readonly #handled = new Set<number>();

  private constructor(
    name: string,
    place: Place,
    { contestant }: Run,
    { workers, opened }: { workers: readonly ContestantProcess[]; opened: AsyncDisposableStack },
  ) {
    this.name = name;
    this.#place = place;
    this.#contestant = contestant;
    this.#workers = workers;
    this.#opened = opened;
  }

  static async open(name: string, place: Place, run: Run): Promise<Lane> {
    await using opening = new AsyncDisposableStack();
    const store = opening.use(await place.fresh());
    const { contestant, synchronous = 'NORMAL', callers = 1, processes = 1, tasks } = run;
    const seat = { url: store.url, synchronous, callers };
    await using filler = await ContestantProcess.open(contestant, { ...seat, isFirst: true });
    await filler.ask({ is: 'enqueue', tasks });
    await filler.close();
    const starting = Array.from({ length: processes }, async () =>
      opening.use(await ContestantProcess.open(contestant, { ...seat, isFirst: false })),
    );
    const workers = await Promise.all(starting);
    return new Lane(name, place, run, { workers, opened: opening.move() });
  }

  async workFor(ms: number): Promise<void> {
    const before = await this.#place.use();
    await Promise.all(this.#workers.map((worker) => worker.ask({ is: 'start' })));
    await setTimeout(ms);
    const worked = await Promise.all(this.#workers.map((worker) => worker.ask({ is: 'stop' })));
    const after = await this.#place.use();
    for (const { tasks } of worked) for (const task of tasks) this.#noteHandled(task);
    const server = { cpuMs: after.cpuMs - before.cpuMs, walBytes: after.walBytes - before.walBytes };
    this.#turns.push({ worked, server });
  }

  /**
   * The turns after the first, but for those in which its store was empty.
   *
   * @throws if there are none
   */
  counted(): readonly Turn[] {
    const counted = this.#turns.slice(1).filter(({ worked }) => worked.some(({ tasks }) => tasks.length > 0));
    if (counted.length === 0) throw new Error(`${this.name}: ${this.#contestant} handled no task`);
    return counted;
  }

  async close(): Promise<void> {
    for (const worker of this.#workers) await worker.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }

  /** @throws if the task was handled before */
  #noteHandled(task: number): void {
    if (this.#handled.has(task)) throw new Error(`${this.name}: ${this.#contestant} handled task ${task} twice`);
    this.#handled.add(task);
  }
}
