import { setTimeout as pause } from 'node:timers/promises';
import { isoSeconds, OrchestratorError } from '@agent-orchestrator/runtime';
import type { Calls } from '../calls.ts';
import type { StoreAccess } from '../store-access.ts';
import { listed } from '../text/answer.ts';
import { hostEndedNote } from '../text/host-ended.ts';
import type { HeldTasks } from './held-tasks.ts';

interface GiveBackOptions {
  readonly calls: Pick<Calls, 'settled'>;
  readonly held: HeldTasks;
  readonly store: StoreAccess;
  readonly agent: string;
  readonly log: (line: string) => void;
  /** How long it waits for the calls under way, in milliseconds. */
  readonly callsMs?: number;
}

const CALLS_MS = 5_000;

/**
 * Gives back what is held, in one unit of work: hosts do not wait long for a server that ends. No attempt is charged.
 * The session keeps its last checkpoint, and the next session of the agent finds it by `resume`.
 */
export async function giveBack({ calls, held, store, agent, log, callsMs = CALLS_MS }: GiveBackOptions): Promise<void> {
  // A claim under way is held when it is answered. A call that hangs must not keep the other leases.
  const waited = new AbortController();
  await Promise.race([calls.settled(), pause(callsMs, undefined, { signal: waited.signal }).catch(() => {})]);
  waited.abort();
  const tasks = held.all;
  if (tasks.length === 0) return;
  for (const task of tasks) task.stop();
  const items = tasks.map(({ holder, claim }) => {
    const note = hostEndedNote(agent, claim.task.note);
    return { ...holder, outcome: 'released' as const, note };
  });
  try {
    await store.send('existing', (orchestrator, commandId) => orchestrator.releaseTasks(items, { commandId }));
    log(`gave back ${listed(held.names)}`);
  } catch (error) {
    const why = error instanceof OrchestratorError ? error.code : 'INTERNAL';
    const until = Math.max(...tasks.map(({ expiresAt }) => expiresAt));
    log(`could not give back ${listed(held.names)} [${why}]: the lease ends at ${isoSeconds(until)}`);
  }
}
