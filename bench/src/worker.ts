import process from 'node:process';
import { once } from 'node:events';
import { openFloor, openRetryingFloor } from './open-floor.ts';
import { openCallers } from './open-ours.ts';
import type { Running } from './measure.ts';
import type { Answer, Assignment, Order, Served } from './workers.ts';

const WARM_UP_UNITS = 200;

const running = await open(await ordered('open'));
await running.run(WARM_UP_UNITS);
answer({ ready: true });
answer(await workFor(running, await ordered('goForMs')));
await once(process, 'disconnect');
await running.close();

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
  return { unitsPerSecond: (units * 1000) / (last - start), longestMs };
}

async function ordered<Name extends 'open' | 'goForMs'>(
  name: Name,
): Promise<Extract<Order, Record<Name, unknown>>[Name]> {
  const [order] = (await once(process, 'message')) as [Extract<Order, Record<Name, unknown>>];
  return order[name];
}

function answer(message: Answer): void {
  process.send?.(message);
}
