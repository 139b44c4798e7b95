// Which receipts may be deleted:
// - those that are over by eight days, by the clock that is furthest behind
// - in a new store, and after a jump of more than a day, none for eight days; a start of the machine may be one
// - each weekend without the machine does not keep all of them
// - the bound never goes back, but to the time of a clock that was set back
// - no command has a second effect, however clocks are set, processes and the machine start, and whichever clock
//   becomes the store's
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { NO_CLOCK, type ClockReading, type ClockState } from '../../src/model/clock.ts';
import { observeClock, watchClock } from '../../src/model/clock-authority.ts';
import { receiptsAfter } from '../../src/model/forgotten-receipts.ts';
import { timeOfUuid } from '../../src/model/ids.ts';
import type { Receipt } from '../../src/model/receipt.ts';
import { NOW, opened, sessionClosed } from '../support/events.ts';
import { commandIdAt, given } from '../support/given.ts';
import { planted } from '../support/planted.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function stateOf(until: number, heldUntil: number, ...behindMs: number[]): ClockState {
  return {
    ...NO_CLOCK,
    receipts: { until, heldUntil },
    others: behindMs.map((ms) => ({ byMs: -ms, seenAt: NOW })),
  };
}

test.each([
  ['the store’s', []],
  ['one ahead of it', [-9 * DAY_MS]],
])('those are over that are eight days old by the clock that is furthest behind: %s', (_whose, behindMs) => {
  expect(receiptsAfter(stateOf(0, NOW, ...behindMs), NOW, 0)).toEqual({ until: NOW - 8 * DAY_MS, heldUntil: NOW });
});

test('another clock that is behind has them kept longer', () => {
  const { until } = receiptsAfter(stateOf(0, 0, HOUR_MS, 3 * DAY_MS, -DAY_MS), NOW, 0);

  expect(until).toBe(NOW - 11 * DAY_MS);
});

test('in a new store none is over for eight days', () => {
  expect(receiptsAfter(NO_CLOCK, NOW, 0)).toEqual({ until: -1, heldUntil: NOW + 8 * DAY_MS });
  expect(receiptsAfter(stateOf(0, NOW + 1), NOW, 0).until).toBe(0);
});

test.each([
  [DAY_MS, NOW - 8 * DAY_MS, NOW],
  [DAY_MS + 1, 5, NOW + 8 * DAY_MS],
  [-DAY_MS - 1, 5, NOW + 8 * DAY_MS],
])('after a jump by %i ms the bound stays where a process may have the clock from before', (byMs, until, heldUntil) => {
  expect(receiptsAfter(stateOf(5, NOW), NOW, byMs)).toEqual({ until, heldUntil });
});

test('the bound never goes back, but to the time of a clock that was set back', () => {
  expect(receiptsAfter(stateOf(NOW - DAY_MS, 0), NOW, 0).until).toBe(NOW - DAY_MS);
  expect(receiptsAfter(stateOf(NOW + DAY_MS, 0), NOW, -20 * DAY_MS)).toEqual({
    until: NOW,
    heldUntil: NOW + 8 * DAY_MS,
  });
  expect(receiptsAfter(stateOf(0, NOW + 90 * DAY_MS), NOW, 0).heldUntil).toBe(NOW + 8 * DAY_MS);
});

test.each([
  [DAY_MS, NOW - 8 * DAY_MS],
  [DAY_MS + 1, 0],
])('a start of the machine after %i ms may be a jump', (offMs, until) => {
  const last = { wall: NOW - offMs, steady: 5_000, uptime: 5_000, boot: 'a' };
  const state = { ...stateOf(0, 0), last };

  expect(observeClock(state, { wall: NOW, steady: 0, uptime: 0, boot: 'b' })).toMatchObject({
    jump: null,
    receipts: { until },
  });
});

test('each weekend without the machine does not keep all of them', () => {
  let receipts = { until: NOW - 8 * DAY_MS, heldUntil: 0 };
  const keptMs: number[] = [];
  for (let week = 0; week < 20; week += 1)
    for (const day of [0, 1, 2, 3, 4]) {
      const now = NOW + (7 * week + day) * DAY_MS;
      receipts = receiptsAfter({ ...NO_CLOCK, receipts }, now, day === 0 ? 3 * DAY_MS : 0);
      keptMs.push(now - receipts.until);
    }

  expect(Math.max(...keptMs)).toBeLessThanOrEqual(18 * DAY_MS);
});

/** A machine with three processes, whose clocks may differ, and the receipts of its store. */
class Machine {
  #watches = [watchClock(), watchClock(), watchClock()];
  readonly #aheadMs: number[];
  readonly #sent: { readonly commandId: string; readonly by: number; readonly at: number }[] = [];
  readonly #effects: string[] = [];
  #wall = NOW;
  #boots = 1;
  #steady = 0;
  #slept = 0;
  /** By a clock that is right. */
  #now = 0;
  #clock: ClockState = NO_CLOCK;
  #receipts: Receipt[] = [];

  constructor(aheadMs: readonly number[]) {
    this.#aheadMs = [...aheadMs];
  }

  get effects(): readonly string[] {
    return this.#effects;
  }

  pass(ms: number): void {
    this.#wall += ms;
    this.#steady += ms;
    this.#now += ms;
  }

  sleep(ms: number): void {
    this.#wall += ms;
    this.#slept += ms;
    this.#now += ms;
  }

  /** The machine starts anew after so long, and so do the processes. */
  restart(offMs: number): void {
    this.#wall += offMs;
    this.#now += offMs;
    this.#boots += 1;
    this.#steady = 0;
    this.#slept = 0;
    this.#watches = this.#watches.map(() => watchClock());
  }

  setWall(byMs: number): void {
    this.#wall += byMs;
  }

  /** The process, or one that starts in its place, has another clock. */
  setProcess(process: number, aheadMs: number, restarts: boolean): void {
    this.#aheadMs[process] = aheadMs;
    if (restarts) this.#watches[process] = watchClock();
  }

  send(process: number): void {
    const commandId = commandIdAt(Math.floor(this.#read(process).wall), this.#sent.length + 1);
    this.#sent.push({ commandId, by: process, at: this.#now });
    this.#execute(process, commandId);
  }

  /** A process may send its command again for as long as ids are good. */
  sendAgain(which: number): void {
    const sent = this.#sent[which % Math.max(1, this.#sent.length)];
    if (sent === undefined || this.#now - sent.at > 7 * DAY_MS) return;
    this.#execute(sent.by, sent.commandId);
  }

  #read(process: number): ClockReading {
    const wall = this.#wall + (this.#aheadMs[process] ?? 0);
    const reading = { wall, steady: this.#steady, uptime: this.#steady + this.#slept };
    return { ...reading, boot: `boot-${this.#boots}`, watch: this.#watches[process]?.(reading) ?? [] };
  }

  #execute(process: number, commandId: string): void {
    const command = planted(
      { events: [sessionClosed('s', 'requested')], reply: () => ({ ok: true }) },
      { events: ['session.closed'] },
    );
    const store = given(opened()).remembering(this.#clock).withReceipts(this.#receipts).after(0, this.#read(process));
    const { writes } = store.when(command, { commandId });
    const { receipt, forgetReceiptsAt, clock, events } = writes;
    if (clock !== null) this.#clock = { ...clock, jump: null };
    if (events.length > 0) this.#effects.push(commandId);
    if (receipt === null) return;
    this.#receipts = [...this.#receipts, receipt].filter(({ commandId: id }) => timeOfUuid(id) > forgetReceiptsAt);
  }
}

test('a clock that is days ahead after a start, and is set back behind an id, gives that no second effect', () => {
  const machine = new Machine([0, 0, 0]);
  machine.send(0);
  machine.pass(9 * DAY_MS);
  machine.send(0);
  machine.setWall(9 * DAY_MS);
  machine.restart(0);
  for (const ms of [0, 60_000]) {
    machine.pass(ms);
    machine.send(0);
  }
  machine.setWall(-9 * DAY_MS - HOUR_MS / 2);
  machine.pass(1_000);

  machine.sendAgain(1);

  expect(new Set(machine.effects).size).toBe(machine.effects.length);
});

type Step = (machine: Machine) => void;

const process = fc.nat({ max: 2 });
const duration = fc.oneof(fc.nat({ max: 180_000 }), fc.nat({ max: 10 * DAY_MS }));
const difference = fc.oneof(
  fc.constant(0),
  fc.integer({ min: -HOUR_MS, max: HOUR_MS }),
  fc.integer({ min: -40 * DAY_MS, max: 40 * DAY_MS }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: process.map(
      (by): Step =>
        (machine) =>
          machine.send(by),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.nat({ max: 30 }).map(
      (which): Step =>
        (machine) =>
          machine.sendAgain(which),
    ),
  },
  {
    weight: 4,
    arbitrary: duration.map(
      (ms): Step =>
        (machine) =>
          machine.pass(ms),
    ),
  },
  {
    weight: 1,
    arbitrary: duration.map(
      (ms): Step =>
        (machine) =>
          machine.sleep(ms),
    ),
  },
  {
    weight: 1,
    arbitrary: difference.map(
      (ms): Step =>
        (machine) =>
          machine.setWall(ms),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(duration, difference).map(([offMs, setMs]): Step => (machine) => {
      machine.setWall(setMs);
      machine.restart(offMs);
    }),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(process, difference, fc.boolean()).map(
      ([which, aheadMs, restarts]): Step =>
        (machine) =>
          machine.setProcess(which, aheadMs, restarts),
    ),
  },
);

test('no command has a second effect, whichever clock becomes that of the store', () => {
  fc.assert(
    fc.property(fc.tuple(difference, difference), fc.array(step, { maxLength: 60, size: 'max' }), (others, steps) => {
      const machine = new Machine([0, ...others]);
      for (const take of steps) take(machine);
      expect(new Set(machine.effects).size).toBe(machine.effects.length);
    }),
    { numRuns: 1_000 },
  );
});
