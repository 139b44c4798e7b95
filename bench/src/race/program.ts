/** One process of a contestant: does what it is told, order by order. */
import process from 'node:process';
import { CONTESTANTS } from '../contestants/catalogue.ts';
import type { Contestant } from '../contestants/contestant.ts';
import { now } from '../now.ts';
import { portionsOf } from '../tasks.ts';
import type { Answers, Enqueued, Order, Worked } from './orders.ts';

let handledAt: number[] = [];
let handled: number[] = [];
let contestant: Contestant | undefined;
let cpuBefore = process.cpuUsage();

process.on('message', (order: Order) => {
  void carryOut(order).then((answer) => process.send?.(answer));
});

// A library may leave a timer behind.
process.once('disconnect', () => process.exit());

async function carryOut(order: Order): Promise<Answers[Order['is']]> {
  if (order.is === 'open') {
    contestant = await CONTESTANTS[order.contestant](order.seat);
    return null;
  }
  if (contestant === undefined) throw new Error('no contestant is open');
  switch (order.is) {
    case 'enqueue':
      return enqueue(contestant, order.tasks);
    case 'start':
      [handledAt, handled] = [[], []];
      cpuBefore = process.cpuUsage();
      await contestant.start((task) => {
        handledAt.push(now());
        handled.push(task);
      });
      return null;
    case 'count':
      return { handled: handled.length };
    case 'stop':
      return stop(contestant);
    case 'close':
      await contestant.close();
      return null;
  }
}

async function enqueue(contestant: Contestant, tasks: number): Promise<Enqueued> {
  const start = now();
  for (const portion of portionsOf(tasks)) await contestant.enqueue(portion);
  return { elapsedMs: now() - start };
}

async function stop(contestant: Contestant): Promise<Worked> {
  await contestant.stop();
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    handledAt: Float64Array.from(handledAt),
    tasks: Float64Array.from(handled),
    cpuMs: (user + system) / 1_000,
  };
}
