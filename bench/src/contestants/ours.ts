import { openOrchestrator } from '@agent-orchestrator/runtime';
import { payloadOf, type Payload } from '../tasks.ts';
import { Callers, type Caller } from './callers.ts';
import type { Contestant, OnTask, Seat, Tally } from './contestant.ts';

type Orchestrator = Awaited<ReturnType<typeof openOrchestrator>>;
type Held = Pick<Extract<Awaited<ReturnType<Orchestrator['claimTask']>>, { ok: true }>, 'lease' | 'task'>;

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
    finish: (onTask) => loops.finish(onTask),
    tally: () => tallyOf(orchestrator),
    close: () => orchestrator[Symbol.asyncDispose](),
  };
}

const WAYS: Readonly<Record<Way, (orchestrator: Orchestrator) => Caller>> = {
  'one by one': (orchestrator) => ({
    async turn(onTask) {
      const claimed = await orchestrator.claimTask(CALL);
      if (!claimed.ok) return 0;
      onTask(numberOf(claimed));
      await release(orchestrator, claimed);
      return 1;
    },
  }),

  'claim next': (orchestrator) => {
    let held: Held | null = null;
    return {
      async turn(onTask: OnTask): Promise<number> {
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
      },
      async finish(onTask: OnTask): Promise<void> {
        if (held === null) return;
        onTask(numberOf(held));
        await release(orchestrator, held);
        held = null;
      },
    };
  },

  batches: (orchestrator) => ({
    async turn(onTask) {
      const claimed = await orchestrator.claimTasks({ ...CALL, limit: BATCH });
      if (!claimed.ok || claimed.claims.length === 0) return 0;
      for (const one of claimed.claims) onTask(numberOf(one));
      const released = await orchestrator.releaseTasks(
        claimed.claims.map(({ lease: { token } }) => ({ token, outcome: 'succeeded' })),
      );
      if (!released.items.every(({ ok }) => ok)) throw new Error('not all of the batch was released');
      return claimed.claims.length;
    },
  }),
};

async function release(orchestrator: Orchestrator, { lease: { token } }: Held): Promise<void> {
  const released = await orchestrator.releaseTask({ token, outcome: 'succeeded' });
  if (!released.ok) throw new Error(`not released: ${released.reason}`);
}

async function tallyOf(orchestrator: Orchestrator): Promise<Tally> {
  const { tasks } = await orchestrator.counts(undefined, Number.MAX_SAFE_INTEGER);
  return {
    done: tasks.succeeded,
    waiting: tasks.queued + tasks.scheduled,
    held: tasks.running,
    failed: tasks.failed + tasks.cancelled,
  };
}

function numberOf({ task }: Pick<Held, 'task'>): number {
  return (task.payload as Payload).lines;
}
