// A worker on a store in memory, whose time the test owns, and handlers for it.
import type { AnyKinds } from '@agent-orchestrator/core';
import { createMemoryData, openMemoryStorage } from '@agent-orchestrator/storage-memory';
import { onTestFinished } from 'vitest';
import { createWorker, type Handler, type Work, type WorkerEvent, type WorkerOptions } from '../../src/index.ts';
import { FakeTime } from './fake-time.ts';
import { TappedOrchestrator } from './tapped-orchestrator.ts';

/** Of the leases that a worker asks for. */
export const TTL_MS = 120_000;

/** A store in memory whose time the test owns. */
export async function open({ kinds }: { readonly kinds?: AnyKinds } = {}) {
  const time = new FakeTime();
  const storage = openMemoryStorage({ data: createMemoryData(), clock: time });
  await storage.migrate();
  const orchestrator = new TappedOrchestrator({
    storage,
    newCommandId: time.newCommandId,
    newSeed: time.newSeed,
    ...(kinds !== undefined && { kinds }),
  });
  /** A worker that ends with the test. */
  const start = (handler: WorkerOptions['handler'], options: Partial<WorkerOptions> = {}) => {
    const events: WorkerEvent[] = [];
    const worker = createWorker({
      orchestrator,
      agent: 'a',
      handler,
      time,
      newCommandId: time.newCommandId,
      random: () => 1,
      findDead: null,
      onEvent: (event) => events.push(event),
      ...options,
    });
    onTestFinished(async () => {
      worker.stop({ graceMs: 0 }).catch(() => {});
      await time.advance(60_000);
    });
    return { worker, events };
  };
  const add = async (id: string, more: object = {}) => {
    const { task } = await orchestrator.enqueueTask({ title: id, id, sessionId: `of-${id}`, ...more });
    return task;
  };
  const statusOf = async (id: string) => (await orchestrator.getTask(id))?.status;
  return { time, orchestrator, start, add, statusOf };
}

/** A handler that works until it is told how to end; the last work it got. */
export function waiting() {
  const ends = Promise.withResolvers<unknown>();
  const got: Work[] = [];
  const handler: Handler = (work) => {
    got.push(work);
    return ends.promise;
  };
  return { handler, got, finish: ends.resolve, fail: ends.reject };
}

/** A handler that throws as soon as its signal tells. */
export const obedient: Handler = ({ signal }) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
