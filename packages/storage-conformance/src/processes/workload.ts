import type { Calls } from '@agent-orchestrator/core/journal';
import { Random } from './random.ts';
import type { Workload } from './settings.ts';

type NewTask = Calls['enqueue']['request']['tasks'][number];

/** Everything fails again and again in such a run, and must succeed in the end: nothing may run out of attempts. */
const PATIENCE = { attemptsMax: 1_000, interruptionsMax: 1_000, backoffMs: 20 };

/** The tasks that a worker is to add, in order; the same in each of its runs. */
export function shareOf(workload: Workload, worker: number): NewTask[] {
  const share: NewTask[] = [];
  for (let index = worker; index < (workload.tasks ?? 0); index += workload.workers)
    share.push(newTask(workload, `task-${index}`));
  return share;
}

/** One task, the same for the same key. */
export function newTask({ seed, sharedSessions, workers }: Workload, dedupeKey: string): NewTask {
  const random = new Random(seed, dedupeKey);
  return {
    ...PATIENCE,
    kind: random.pick(['write', 'review', 'translate']),
    priority: random.between(0, 9),
    dedupeKey,
    payload: { for: dedupeKey },
    ...(random.chance(0.5) && { sessionId: `line-${random.between(1, sharedSessions)}` }),
    ...(random.chance(0.05) && { assignee: agentName(random.between(0, workers - 1)) }),
    ...(random.chance(0.05) && { delayMs: random.between(1, 500) }),
  };
}

export function agentName(worker: number): string {
  return `worker-${worker + 1}`;
}
