import type { Storage } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { holderOf } from '../factories.ts';
import type { World } from '../world.ts';

export const wakeUp = chapter('wake-up', {
  'a watcher is told within a second of what another connection changed': toldOfOthers,
  'a watcher is told within a second of what its own connection changed': toldOfOwn,
  'it is told again and again, not only once': toldAgain,
  'heartbeats are told as well: they change the data': toldOfHeartbeats,
  'each of several watchers is told': eachIsTold,
  'a watcher that stopped is told nothing more, and its neighbour still is': stopped,
});

/** The promise of the port. */
const WITHIN_MS = 1_000;

/** Counts the calls of a watcher, and waits for the next one. */
class Watcher {
  calls = 0;
  #called = Promise.withResolvers<void>();
  #stop: () => Promise<void> = async () => {};

  static async on(storage: Storage): Promise<Watcher> {
    const watcher = new Watcher();
    watcher.#stop = await storage.watch(() => {
      watcher.calls += 1;
      watcher.#called.resolve();
    });
    return watcher;
  }

  /** Does something that changes the data, and waits until the watcher was told afterwards. */
  async toldOf(act: () => Promise<unknown>): Promise<void> {
    this.#called = Promise.withResolvers();
    const tooLate = Promise.withResolvers<never>();
    await act();
    const timer = setTimeout(
      () => tooLate.reject(new Error(`the watcher was not told within ${WITHIN_MS} ms`)),
      WITHIN_MS,
    );
    try {
      await Promise.race([this.#called.promise, tooLate.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async stop(): Promise<void> {
    await this.#stop();
  }
}

async function toldOfOthers(world: World): Promise<void> {
  const watcher = await Watcher.on(world.peer);

  await watcher.toldOf(() => world.add());

  await watcher.stop();
  expect(watcher.calls).toBeGreaterThan(0);
}

async function toldOfOwn(world: World): Promise<void> {
  const watcher = await Watcher.on(world.storage);

  await watcher.toldOf(() => world.add());

  await watcher.stop();
  expect(watcher.calls).toBeGreaterThan(0);
}

async function toldAgain(world: World): Promise<void> {
  const watcher = await Watcher.on(world.peer);

  for (let round = 0; round < 5; round += 1) await watcher.toldOf(() => world.add());

  await watcher.stop();
  expect(watcher.calls).toBeGreaterThanOrEqual(5);
}

async function toldOfHeartbeats(world: World): Promise<void> {
  const claim = await world.claimNew();
  const watcher = await Watcher.on(world.peer);

  await watcher.toldOf(() => world.orchestrator.heartbeat(holderOf(claim)));

  await watcher.stop();
  expect(watcher.calls).toBeGreaterThan(0);
}

async function eachIsTold(world: World): Promise<void> {
  const watchers = [await Watcher.on(world.peer), await Watcher.on(world.peer), await Watcher.on(world.storage)];

  const added = world.add();
  await Promise.all(watchers.map((watcher) => watcher.toldOf(() => added)));

  for (const watcher of watchers) await watcher.stop();
  expect(watchers.every(({ calls }) => calls > 0)).toBe(true);
}

async function stopped(world: World): Promise<void> {
  const silent = await Watcher.on(world.peer);
  const neighbour = await Watcher.on(world.peer);
  await neighbour.toldOf(() => world.add());
  await silent.stop();
  const before = silent.calls;

  await neighbour.toldOf(() => world.add());
  await neighbour.toldOf(() => world.add());

  await neighbour.stop();
  expect(silent.calls).toBe(before);
}
