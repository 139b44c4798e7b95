import { openOrchestrator } from '@agent-orchestrator/runtime';
import { payloadOf, type Payload } from '../tasks.ts';
import { Callers, type Turn } from './callers.ts';
import type { Contestant, Seat } from './contestant.ts';

type Orchestrator = Awaited<ReturnType<typeof openOrchestrator>>;
type Claimed = Extract<Awaited<ReturnType<Orchestrator['claimTask']>>, { ok: true }>;

const CALL = { agent: 'bench' } as const;
const BATCH = 100;

/** How a caller of the product works. */
export type Way = 'one by one' | 'claim next' | 'batches';

/** The product through its public API. Each task has a session of its own. */
export async function openOurs({ url, synchronous, callers }: Seat, way: Way): Promise<Contestant> {
  const orchestrator = await openOrchestrator(url, url.startsWith('sqlite:') ? { synchronous } : {});
  const loops = new Callers(callers, () => WAYS[way](orchestrator));
  return {
    async enqueue(tasks) {
      await orchestrator.enqueueTasks(
        tasks.map((task) => ({ title: `Count the lines of file ${task}`, payload: payloadOf(task) })),
      );
    },
    start: (onTask) => loops.start(onTask),
    stop: () => loops.stop(),
    close: () => orchestrator[Symbol.asyncDispose](),
  };
}

const WAYS: Readonly<Record<Way, (orchestrator: Orchestrator) => Turn>> = {
  'one by one': (orchestrator) => async (onTask) => {
    const claimed = await orchestrator.claimTask(CALL);
    if (!claimed.ok) return 0;
    onTask(numberOf(claimed));
    const released = await orchestrator.releaseTask({ token: claimed.lease.token, outcome: 'succeeded' });
    if (!released.ok) throw new Error(`not released: ${released.reason}`);
    return 1;
  },

  'claim next': (orchestrator) => {
    let held: Pick<Claimed, 'lease' | 'task'> | null = null;
    return async (onTask) => {
      if (held === null) {
        const claimed = await orchestrator.claimTask(CALL);
        if (!claimed.ok) return 0;
        held = claimed;
      }
      onTask(numberOf(held));
      const { token } = held.lease;
      const released = await orchestrator.releaseTask({ token, outcome: 'succeeded', claimNext: CALL });
      if (!released.ok) throw new Error(`not released: ${released.reason}`);
      held = released.next;
      return 1;
    };
  },

  batches: (orchestrator) => async (onTask) => {
    const claimed = await orchestrator.claimTasks({ ...CALL, limit: BATCH });
    if (!claimed.ok || claimed.claims.length === 0) return 0;
    for (const one of claimed.claims) onTask(numberOf(one));
    const released = await orchestrator.releaseTasks(
      claimed.claims.map(({ lease: { token } }) => ({ token, outcome: 'succeeded' })),
    );
    if (!released.items.every(({ ok }) => ok)) throw new Error('not all of the batch was released');
    return claimed.claims.length;
  },
};

function numberOf({ task }: Pick<Claimed, 'task'>): number {
  return (task.payload as Payload).lines;
}
