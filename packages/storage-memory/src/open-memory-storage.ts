/*
 * The storage port without a database: the example for authors of a storage, the model that the random tests compare
 * the others with, and a store for users' own tests. It reads all rows for every look-up, so the code shows the rule
 * itself. A real storage does the same with indexes.
 */
import {
  OrchestratorError,
  RunningCalls,
  type Clock,
  type Loaded,
  type Scope,
  type Storage,
  type WriteSet,
} from '@agent-orchestrator/core';
import { createMemoryData, type MemoryData } from './data.ts';
import { load } from './load.ts';
import { memoryReader } from './reader.ts';
import { save } from './save.ts';

export interface MemoryStorageOptions {
  /** The clocks; default: those of the process. */
  readonly clock?: Clock;
  /** Data to share with another handle: the peer of a test. */
  readonly data?: MemoryData;
}

/** A storage in the memory of the process. */
export function openMemoryStorage({
  clock = processClock,
  data = createMemoryData(),
}: MemoryStorageOptions = {}): Storage {
  const watching = new Set<() => void>();
  const calls = new RunningCalls(() => new OrchestratorError('STORE_CLOSED'));
  return {
    capabilities: {
      shared: false,
      multiProcess: false,
      durable: false,
      wakeUp: 'push',
      sleepGrace: true,
      timePrecisionMs: 1,
    },

    migrate: () =>
      calls.run(async () => {
        const created = !data.migrated;
        data.migrated = true;
        return { created, applied: [] };
      }),

    // Nothing here waits, so no other call can come between loading and saving: that is the lock.
    transact: <R>(scope: Scope, decide: (loaded: Loaded) => WriteSet<R>): Promise<R> =>
      calls.run(async () => {
        const writeSet = decide(load(data, clock, scope));
        if (save(data, writeSet)) for (const changed of data.listeners) queueMicrotask(changed);
        return writeSet.reply;
      }),

    read: calls.reader(memoryReader(data, clock)),

    watch: (onChange) =>
      calls.run(async () => {
        const listener = () => {
          if (watching.has(listener)) onChange();
        };
        data.listeners.add(listener);
        watching.add(listener);
        return async () => {
          data.listeners.delete(listener);
          watching.delete(listener);
        };
      }),

    async close() {
      await calls.end();
      for (const listener of watching) data.listeners.delete(listener);
      watching.clear();
    },
  };
}

const processClock: Clock = {
  read: () => ({ wall: Date.now(), steady: performance.now(), uptime: performance.now(), boot: 'process' }),
};
