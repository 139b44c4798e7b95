import process from 'node:process';
import { workFor, workThrough, type Contender, type Served } from './contender.ts';
import { openPostgresFloor } from './postgres/floor.ts';
import { openCallers } from './product.ts';
import { openRetryingFloor, openWaitingFloor } from './sqlite/open-floor.ts';
import { pathOf } from './sqlite/subject.ts';
import type { Assignment, Order } from './workers.ts';

const WARM_UP_UNITS = 200;

let contender: Contender | undefined;

// Orders come one by one: each is answered before the next is given.
process.on('message', (order: Order) => {
  void carryOut(order).then((answer) => process.send?.(answer));
});
process.on('disconnect', () => {
  void contender?.close();
});

async function carryOut(order: Order): Promise<Served> {
  if ('open' in order) {
    contender = await open(order.open);
    await workThrough(contender, WARM_UP_UNITS);
    return { units: 0, elapsedMs: 0, longestMs: 0 };
  }
  if (contender === undefined) throw new Error('nothing is open');
  return workFor(contender, order.goForMs);
}

async function open({ contestant, store, callers, ...floor }: Assignment): Promise<Contender> {
  switch (contestant) {
    case 'ours':
      return openCallers(store, callers);
    case 'floor_waiting':
      return openWaitingFloor({ ...floor, path: pathOf(store), synchronous: 'FULL', busyTimeoutMs: 5_000 });
    case 'floor_retrying':
      return openRetryingFloor({ ...floor, path: pathOf(store), synchronous: 'FULL' });
    case 'floor':
      return openPostgresFloor(store.url, { ...floor, callers });
  }
}
