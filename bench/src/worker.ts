import process from 'node:process';
import { openFloor, openRetryingFloor } from './open-floor.ts';
import { openCallers } from './open-ours.ts';
import type { Running } from './measure.ts';
import type { Assignment, Order, Served } from './workers.ts';

const WARM_UP_UNITS = 200;

let running: Running | undefined;

// Orders come one by one: each is answered before the next is given.
process.on('message', (order: Order) => {
  void carryOut(order).then((answer) => process.send?.(answer));
});
process.on('disconnect', () => {
  void running?.close();
});

async function carryOut(order: Order): Promise<Served> {
  if ('open' in order) running = await open(order.open);
  if (running === undefined) throw new Error('nothing is open');
  return 'open' in order ? workThrough(running, WARM_UP_UNITS) : workFor(running, order.goForMs);
}

function open({ contestant, path, sample, process }: Assignment): Promise<Running> {
  switch (contestant) {
    case 'ours':
      return openCallers(path, 'FULL', 1);
    case 'floor-waiting':
      return openFloor({ path, synchronous: 'FULL', sample, process, busyTimeoutMs: 5_000 });
    case 'floor-retrying':
      return openRetryingFloor({ path, synchronous: 'FULL', sample, process });
  }
}

async function workThrough(work: Running, units: number): Promise<Served> {
  await work.run(units);
  return { units, elapsedMs: 0, longestMs: 0 };
}

async function workFor(work: Running, durationMs: number): Promise<Served> {
  const start = performance.now();
  let [units, longestMs, last] = [0, 0, start];
  while (last - start < durationMs) {
    await work.run(1);
    const now = performance.now();
    longestMs = Math.max(longestMs, now - last);
    last = now;
    units += 1;
  }
  return { units, elapsedMs: last - start, longestMs };
}
