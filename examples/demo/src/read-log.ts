import type { EventRecord, EventType } from '@agent-orchestrator/core';
import type { FolderPayload, FolderProgress, FolderResult } from './hash-folder.ts';

/** A lease, from its grant to its end, and the files that were done under it. */
export interface LeaseStory {
  readonly agent: string;
  readonly fence: number;
  readonly grantedAt: number;
  readonly ttlMs: number;
  readonly done: FolderProgress[];
  /** The event that ended it, if it is over. */
  closing: EventRecord | null;
}

/** The history of a task, from the log. */
export interface TaskStory {
  readonly id: string;
  readonly sessionId: string;
  readonly files: readonly string[];
  readonly leases: LeaseStory[];
  readonly results: FolderResult[];
}

export const COMPANY = 'company-agent';
export const HOME = 'home-agent';

const CLOSED_BY_OTHERS: readonly EventType[] = ['task.recovered', 'lease.taken_over'];

/** Reads the history of the tasks from the log alone. */
export function readLog(events: readonly EventRecord[]): TaskStory[] {
  const stories = new Map<string, TaskStory>();
  for (const event of events) {
    const { taskId, streamId: sessionId } = event;
    if (taskId === null) continue;
    if (event.type === 'task.queued') {
      const { payload } = event.payload as unknown as { payload: FolderPayload };
      stories.set(taskId, { id: taskId, sessionId, files: payload.files, leases: [], results: [] });
    }
    const story = stories.get(taskId);
    if (story !== undefined) addEvent(story, event);
  }
  return [...stories.values()];
}

function addEvent(story: TaskStory, event: EventRecord): void {
  const { agent, fence, at: grantedAt } = event;
  if (event.leaseEffect === 'granted' && agent !== null && fence !== null) {
    const { ttl_ms: ttlMs } = event.payload as { ttl_ms: number };
    story.leases.push({ agent, fence, grantedAt, ttlMs, done: [], closing: null });
  }
  const lease = story.leases.find((one) => one.fence === fence);
  if (lease === undefined) return;
  if (event.type === 'session.checkpointed')
    lease.done.push((event.payload as unknown as { data: FolderProgress }).data);
  if (event.leaseEffect === 'ended') lease.closing = event;
  if (event.type === 'task.succeeded')
    story.results.push((event.payload as unknown as { result: FolderResult }).result);
}

/** A lease that another process ended, and the next lease. */
export interface Handover {
  readonly story: TaskStory;
  readonly lost: LeaseStory;
  readonly lostAt: EventRecord;
  readonly next: LeaseStory;
}

export function handovers(stories: readonly TaskStory[]): Handover[] {
  return stories.flatMap((story) =>
    story.leases.flatMap((lost, at) => {
      const next = story.leases[at + 1];
      const lostAt = lost.closing;
      return next !== undefined && lostAt !== null && CLOSED_BY_OTHERS.includes(lostAt.type)
        ? [{ story, lost, lostAt, next }]
        : [];
    }),
  );
}

/** Whether the same agent took its session back after a restart, before the lease was over. */
export function isResumption({ lostAt }: Handover): boolean {
  const { reason } = lostAt.payload as { reason?: string };
  return lostAt.type === 'lease.taken_over' && reason === 'resumed';
}

/** How many of a task's files are done. */
export function positionOf({ leases }: TaskStory): number {
  return leases.flatMap(({ done }) => done).at(-1)?.position ?? 0;
}
