import { openOrchestrator } from '@agent-orchestrator/runtime';
import type { Contender } from './contender.ts';
import type { Store, Subject } from './subject.ts';

export type Orchestrator = Awaited<ReturnType<typeof openOrchestrator>>;

export const BATCH = 1_000;

export function openProduct({ url, synchronous }: Store): Promise<Orchestrator> {
  return openOrchestrator(url, synchronous === undefined ? {} : { synchronous });
}

/** What each task carries: about what a worker needs to find its file. */
function taskAt(position: number): { title: string; payload: { path: string; lines: number; mode: string } } {
  return {
    title: `Count the lines of file ${position}`,
    payload: { path: `packages/core/src/file-${position}.ts`, lines: position, mode: 'count' },
  };
}

export function batchOfTasks(size = BATCH): ReturnType<typeof taskAt>[] {
  return Array.from({ length: size }, (_, position) => taskAt(position));
}

/** A new store with at least so many tasks, each in a session of its own, through the product itself. */
export async function seedStore(subject: Subject, name: string, tasks: number): Promise<Store> {
  const store = await subject.create(name);
  await using orchestrator = await openProduct(store);
  for (let done = 0; done < tasks; done += BATCH) await orchestrator.enqueueTasks(batchOfTasks());
  return store;
}

/** Claims the best head and ends it well: one unit of work. */
export async function claimAndRelease(orchestrator: Orchestrator): Promise<void> {
  const claimed = await orchestrator.claimTask({ agent: 'bench' });
  if (!claimed.ok) throw new Error(`nothing to claim: ${claimed.reason}`);
  const { token } = claimed.lease;
  const released = await orchestrator.releaseTask({ token, outcome: 'succeeded' });
  if (!released.ok) throw new Error(`not released: ${released.reason}`);
}

/** So many callers in one process, each doing one unit after the other. */
export async function openCallers(store: Store, callers: number): Promise<Contender> {
  return callersOn(await openProduct(store), callers);
}

export function callersOn(orchestrator: Orchestrator, callers: number): Contender {
  return {
    callers,
    unitsPerCall: 1,
    work: () => claimAndRelease(orchestrator),
    close: () => orchestrator[Symbol.asyncDispose](),
  };
}

/** Claims and releases so many at once. */
export async function openBatches(store: Store, limit: number): Promise<Contender> {
  const orchestrator = await openProduct(store);
  return {
    callers: 1,
    unitsPerCall: limit,
    async work() {
      const claimed = await orchestrator.claimTasks({ agent: 'bench', limit });
      if (!claimed.ok || claimed.claims.length !== limit) throw new Error('the batch is not full');
      const released = await orchestrator.releaseTasks(
        claimed.claims.map(({ lease: { token } }) => ({ token, outcome: 'succeeded' })),
      );
      if (!released.items.every(({ ok }) => ok)) throw new Error('not all of the batch was released');
    },
    close: () => orchestrator[Symbol.asyncDispose](),
  };
}
