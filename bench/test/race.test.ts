/*
 * What a race promises, with stand-ins for queues:
 * - each process handles tasks in each turn, and the store's own counts agree with what was handled
 * - a task that is handled twice, lost, kept, or that failed ends the race, and so does a process that handles nothing
 * - the first turn warms up: what it handled is not counted
 * - a contestant is opened once for all turns
 * - a store that runs low is filled up between two turns
 */
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Callers } from '../src/contestants/callers.ts';
import type { Contestant, OnTask, Seat } from '../src/contestants/contestant.ts';
import { notHere } from '../src/not-here.ts';
import type { Place } from '../src/places/place.ts';
import type { OpenCarrier } from '../src/race/lane.ts';
import { OrderTaker } from '../src/race/order-taker.ts';
import type { Answers, Order } from '../src/race/orders.ts';
import { race } from '../src/race/race.ts';
import type { Outcome } from '../src/race/run.ts';

const PACE = { turns: 3, turnMs: 30 } as const;
/** A process that handled nothing for so long is idle. */
const BEGIN_WITHIN_MS = 300;
const NOWHERE: Place = {
  name: 'nowhere',
  fresh: async () => ({ url: 'nowhere:', [Symbol.asyncDispose]: async () => {} }),
  use: async () => ({ cpuMs: 0, walBytes: 0 }),
};

/** What a queue does wrong. */
interface Faults {
  /** With its tenth task. */
  readonly tenth?: 'handled twice' | 'lost' | 'kept' | 'failed';
  /** The second process handles nothing from this turn on. */
  readonly idleFrom?: number;
  /** It is no fault to stop for a turn after so many tasks. */
  readonly mostPerTurn?: number;
}

/** A queue in memory, shared by the stand-ins for its processes. */
class Queue {
  readonly waiting: number[] = [];
  opened = 0;
  /** The size of each portion that was added. */
  readonly added: number[] = [];
  /** How many tasks each turn handled. */
  readonly perTurn: number[] = [];
  readonly #faults: Faults;
  #taken = 0;
  #done = 0;
  #held = 0;
  #failed = 0;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  async open({ callers }: Seat): Promise<Contestant> {
    const number = (this.opened += 1);
    // The first one only fills the store.
    const isSecond = number === 3;
    let turn = -1;
    const { idleFrom = Infinity, mostPerTurn = Infinity } = this.#faults;
    const loops = new Callers(callers, () => ({
      turn: async (onTask) => {
        await setTimeout(1);
        if (isSecond && turn >= idleFrom) return 0;
        if ((this.perTurn[turn] ?? 0) >= mostPerTurn) return 0;
        return this.#handle(turn, onTask);
      },
    }));
    return {
      enqueue: async (tasks) => {
        this.waiting.push(...tasks);
        this.added.push(tasks.length);
      },
      start: async (onTask) => {
        turn += 1;
        await loops.start(onTask);
      },
      stop: () => loops.stop(),
      finish: (onTask) => loops.finish(onTask),
      tally: async () => ({
        done: this.#done,
        waiting: this.waiting.length,
        held: this.#held,
        failed: this.#failed,
      }),
      close: async () => {},
    };
  }

  #handle(turn: number, onTask: OnTask): number {
    const task = this.waiting.shift();
    if (task === undefined) return 0;
    this.#taken += 1;
    const fault = this.#taken === 10 ? this.#faults.tenth : undefined;
    if (fault === 'lost') return 0;
    onTask(task);
    this.perTurn[turn] = (this.perTurn[turn] ?? 0) + 1;
    if (fault === 'handled twice') onTask(task);
    if (fault === 'kept') this.#held += 1;
    else if (fault === 'failed') this.#failed += 1;
    else this.#done += 1;
    return 1;
  }
}

interface Raced {
  readonly queue: Queue;
  readonly outcome: Promise<Outcome | undefined>;
}

function raced(faults: Faults, { tasks = 10_000, processes = 2, callers = 1 } = {}): Raced {
  const queue = new Queue(faults);
  const openCarrier: OpenCarrier = async (contestant, seat) => {
    const taker = new OrderTaker({ [contestant]: (taken) => queue.open(taken) }, BEGIN_WITHIN_MS);
    await taker.carryOut({ is: 'open', contestant, seat });
    return {
      ask: async <O extends Order>(order: O) => (await taker.carryOut(order)) as Answers[O['is']],
      [Symbol.asyncDispose]: async () => void (await taker.carryOut({ is: 'stop' })),
    };
  };
  const run = { contestant: 'ours', tasks, processes, callers } as const;
  const outcome = race(NOWHERE, { fake: run }, PACE, { number: 0, openCarrier }).then((all) => all.get('fake'));
  return { queue, outcome };
}

const reason = notHere();
const title = reason === undefined ? '' : ` (left out: ${reason})`;

describe.skipIf(reason !== undefined)(`a race${title}`, () => {
  test('a race of an honest queue counts all turns but the first, which warms up', async () => {
    const { queue, outcome } = raced({}, { processes: 1 });

    const [first, ...counted] = await outcome.then(() => queue.perTurn);

    expect(first).toBeGreaterThan(0);
    expect(counted).toHaveLength(PACE.turns - 1);
    expect((await outcome)?.most).toBe(counted.reduce((sum, handled) => sum + handled, 0));
  });

  test('a contestant is opened once to fill the store, and once in each process', async () => {
    const { queue, outcome } = raced({});

    await outcome;

    expect(queue.opened).toBe(3);
  });

  test.each([
    ['handled twice', /fake: ours handled task \d+ twice/],
    ['lost', /lost or kept tasks: 10000 were added and \d+ handled, but its store says/],
    ['kept', /lost or kept tasks.*"held":1/],
    ['failed', /lost or kept tasks.*"failed":1/],
  ] as const)('a task that is %s ends the race', async (tenth, message) => {
    await expect(raced({ tenth }).outcome).rejects.toThrow(message);
  });

  test.each([0, 2])('a process that handles nothing from turn %d on ends the race', async (idleFrom) => {
    await expect(raced({ idleFrom }).outcome).rejects.toThrow('a process handled 0 tasks with 1 callers');
  });

  test('a store that runs low is filled up between two turns', async () => {
    const { queue, outcome } = raced({ mostPerTurn: 5 }, { tasks: 6, processes: 1 });

    await outcome;

    expect(queue.added.length).toBeGreaterThan(1);
  });

  test('a store that runs out within a turn ends the race', async () => {
    await expect(raced({}, { tasks: 5, processes: 1 }).outcome).rejects.toThrow('ran out of tasks');
  });
});
