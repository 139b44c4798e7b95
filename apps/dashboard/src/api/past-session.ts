import type { Session, Task } from '@agent-orchestrator/core';
import { evolve } from '@agent-orchestrator/runtime';
import type { PageReads } from './page-reads.ts';

const PAGE = 500;
/** Of a longer session the past is not shown: its pages say so. */
const EVENTS_MAX = 20_000;

/** A session and its tasks as they were. */
export interface PastSession {
  readonly session: Session | null;
  readonly tasks: ReadonlyMap<string, Task>;
  readonly isTooLong: boolean;
}

/** Folds the events of one session up to an event, with the rules that the commands use. */
export async function pastSession({ orchestrator }: PageReads, sessionId: string, upTo: number): Promise<PastSession> {
  const tasks = new Map<string, Task>();
  let session: Session | null = null;
  let count = 0;
  for (let after: string | null = '0'; after !== null;) {
    const page: Awaited<ReturnType<PageReads['orchestrator']['listEvents']>> = await orchestrator.listEvents({
      sessionId,
      upTo,
      after,
      limit: PAGE,
    });
    for (const { payload, ...event } of page.items) {
      const task = event.taskId === null ? null : (tasks.get(event.taskId) ?? null);
      const state = evolve({ session, task }, { ...event, payload: JSON.stringify(payload) }, payload);
      session = state.session;
      if (state.task !== null) tasks.set(state.task.id, state.task);
    }
    count += page.items.length;
    if (count >= EVENTS_MAX) return { session: null, tasks: new Map(), isTooLong: true };
    after = page.next;
  }
  return { session, tasks, isTooLong: false };
}
