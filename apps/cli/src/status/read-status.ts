import type { Counts, EventRecord, Orchestrator, SessionRecord, TaskRecord } from '@agent-orchestrator/core';
import { isStale } from '../views/session.ts';

/** Counts stop here, and say so. */
const COUNT_MAX = 10_000;
/** Rows of each part of the screen; the counts tell how many there are. */
const SHOWN = 5;
/** A page of the API: what is held at a time is about as many as there are agents. */
const PAGE = 500;
/** Refusals are looked for among so many of the last events: the log is long, and they matter while they are fresh. */
const RECENT_EVENTS = 5_000;

/** Somebody at work: a held session and the task that runs in it. */
export interface Working {
  readonly sessionId: string;
  readonly agent: string | null;
  readonly instance: string | null;
  readonly token: number | null;
  readonly task: {
    readonly id: string;
    readonly kind: string;
    readonly title: string;
    readonly attempt: number;
    readonly startedAt: number | null;
  } | null;
  readonly stale: boolean;
  readonly cancelRequestedAt: number | null;
  readonly heartbeatAt: number | null;
  readonly leaseExpiresAt: number | null;
  readonly progress: SessionRecord['progress'];
  readonly nextAction: string | null;
}

export interface Status {
  /** What needs a person. */
  readonly needsYou: {
    readonly deadLetters: readonly TaskRecord[];
    readonly stale: readonly Working[];
    readonly cancellationsPending: readonly Working[];
    readonly refused: readonly EventRecord[];
  };
  readonly working: readonly Working[];
  readonly counts: Counts;
  /** Counts that reached it stand for "that many or more". */
  readonly countedUpTo: number;
}

/** Reads all that the screen shows. Writes nothing and takes no lock. */
export async function readStatus(
  orchestrator: Orchestrator,
): Promise<Status & { readonly asOf: number; readonly now: number }> {
  const asOf = await orchestrator.asOf();
  const now = await orchestrator.now();
  const counts = await orchestrator.counts(undefined, COUNT_MAX);
  const held = (await orchestrator.listSessions({ status: ['running'], limit: PAGE })).items;
  const running = (await orchestrator.listTasks({ status: ['running'], limit: PAGE })).items;
  const tasks = new Map(running.map((task) => [task.id, task]));
  const working = held.map((session) =>
    workingOf(session, session.taskId === null ? undefined : tasks.get(session.taskId), now),
  );
  const refused = await orchestrator.listEvents({
    types: ['lease.refused'],
    after: String(Math.max(0, asOf - RECENT_EVENTS)),
    limit: PAGE,
  });
  return {
    needsYou: {
      deadLetters: (await orchestrator.listTasks({ status: ['failed'], limit: SHOWN })).items,
      stale: working.filter(({ stale }) => stale).slice(0, SHOWN),
      cancellationsPending: working.filter(({ cancelRequestedAt }) => cancelRequestedAt !== null).slice(0, SHOWN),
      refused: refused.items.slice(-SHOWN),
    },
    working: working.slice(0, 2 * SHOWN),
    counts,
    countedUpTo: COUNT_MAX,
    asOf,
    now,
  };
}

function workingOf(session: Omit<SessionRecord, 'headTaskId'>, task: TaskRecord | undefined, now: number): Working {
  const { id: sessionId, agent, instance, token, heartbeatAt, leaseExpiresAt, progress } = session;
  return {
    sessionId,
    agent,
    instance,
    token,
    task:
      task === undefined
        ? null
        : { id: task.id, kind: task.kind, title: task.title, attempt: task.attempt, startedAt: task.startedAt },
    stale: isStale(session, now),
    cancelRequestedAt: task?.cancelRequestedAt ?? null,
    heartbeatAt,
    leaseExpiresAt,
    progress,
    nextAction: session.context?.nextAction ?? null,
  };
}
