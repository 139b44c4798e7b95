import type { Session, Task } from '@agent-orchestrator/core';
import { everyRow, evolve } from '@agent-orchestrator/runtime';
import type { PageReads } from './page-reads.ts';

/** Of a longer session the past is not shown: its pages say so. */
const EVENTS_MAX = 20_000;

/** A session and its tasks as they were. */
export interface PastSession {
  readonly session: Session | null;
  readonly tasks: ReadonlyMap<string, Task>;
  readonly isTooLong: boolean;
}

/** Folds the events of one session up to an event, with the rules that the commands use. */
export async function pastSession(
  { log, orchestrator }: PageReads,
  sessionId: string,
  upTo: number,
): Promise<PastSession> {
  const stream = { namespace: orchestrator.defaultNamespace, sessionId, upTo };
  const tasks = new Map<string, Task>();
  let session: Session | null = null;
  let count = 0;
  for await (const event of everyRow((page) => log.events({ ...stream, ...page }))) {
    count += 1;
    if (count === EVENTS_MAX) return { session: null, tasks: new Map(), isTooLong: true };
    const task = event.taskId === null ? null : (tasks.get(event.taskId) ?? null);
    const state = evolve({ session, task }, event);
    session = state.session;
    if (state.task !== null) tasks.set(state.task.id, state.task);
  }
  return { session, tasks, isTooLong: false };
}
