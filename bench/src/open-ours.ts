import { openOurs, type Orchestrator, type Synchronous } from './store.ts';
import type { Running } from './measure.ts';

/** Claims the best head and ends it well: one unit of work. */
export async function claimAndRelease(orchestrator: Orchestrator): Promise<void> {
  const claimed = await orchestrator.claimTask({ agent: 'bench' });
  if (!claimed.ok) throw new Error(`nothing to claim: ${claimed.reason}`);
  const { sessionId, token } = claimed.lease;
  const released = await orchestrator.releaseTask({ sessionId, token, outcome: 'succeeded' });
  if (!released.ok) throw new Error(`not released: ${released.reason}`);
}

/** So many callers in one process, each doing one unit after the other. */
export async function openCallers(path: string, synchronous: Synchronous, callers: number): Promise<Running> {
  const orchestrator = await openOurs(path, synchronous);
  return {
    async run(units) {
      let left = units;
      const caller = async (): Promise<void> => {
        while (left > 0) {
          left -= 1;
          await claimAndRelease(orchestrator);
        }
      };
      await Promise.all(Array.from({ length: callers }, caller));
    },
    close: () => orchestrator[Symbol.asyncDispose](),
  };
}

/** Claims and releases so many at once. */
export async function openBatches(path: string, synchronous: Synchronous, limit: number): Promise<Running> {
  const orchestrator = await openOurs(path, synchronous);
  return {
    async run(units) {
      for (let left = units; left > 0; left -= limit) {
        const claimed = await orchestrator.claimTasks({ agent: 'bench', limit });
        if (!claimed.ok || claimed.claims.length !== limit) throw new Error('the batch is not full');
        const released = await orchestrator.releaseTasks(
          claimed.claims.map(({ lease: { sessionId, token } }) => ({ sessionId, token, outcome: 'succeeded' })),
        );
        if (!released.every(({ ok }) => ok)) throw new Error('not all of the batch was released');
      }
    },
    close: () => orchestrator[Symbol.asyncDispose](),
  };
}
