import type { Context, EventType, Json, SessionStatus, TaskStatus } from '@agent-orchestrator/core';

/*
 * What a resume card tells, before anybody decided how much of it fits. Times are milliseconds since 1970, UTC. Nothing in
 * it depends on the time at which it is read: while nothing happens in the store, it stays the same.
 */

/** A lease that somebody has, or had. */
export interface Tenure {
  readonly agent: string;
  readonly instance: string | null;
  readonly fence: number;
  readonly taskId: string;
  /** When it was granted. */
  readonly at: number;
  /** Of a lease that is held: when it expires unless it is renewed. */
  readonly until: number | null;
  /** Of one that is over: the event that ended it. */
  readonly ended: EventInBrief | null;
}

/** A task, as far as the card tells it. */
export interface TaskFacts {
  readonly id: string;
  readonly title: string;
  readonly kind: string;
  readonly status: TaskStatus;
  readonly attempt: number;
  readonly attemptsMax: number;
  readonly runAt: number | null;
  readonly note: string | null;
  readonly cancelRequestedAt: number | null;
  readonly payload: Json;
  readonly progress: Json;
}

/** An event without its payload, but for what is worth a word. */
export interface EventInBrief {
  readonly id: number;
  readonly seq: number;
  readonly type: EventType;
  readonly at: number;
  readonly sessionId: string;
  readonly taskId: string | null;
  readonly agent: string | null;
  readonly instance: string | null;
  readonly fence: number | null;
  /** Of a lease that was lost: whose it was, and why it was ended. */
  readonly fromAgent: string | null;
  readonly reason: string | null;
  /** Of a task that was added. */
  readonly title: string | null;
  readonly note: string | null;
}

/** A task that waits for this agent by name, or for its role. */
export interface WaitingFor {
  readonly taskId: string;
  readonly sessionId: string;
  readonly title: string;
  readonly assignee: string | null;
  readonly role: string | null;
  /** Who handed it over, and when; null: it was meant for this agent from the start. */
  readonly handedOver: { readonly by: string | null; readonly at: number; readonly eventId: number } | null;
  /** What was said with it. Shown until somebody it is for claims the task. */
  readonly note: string | null;
}

/** What others did in a session. */
export interface SinceThen {
  /** The last event of whom the card is for; null: none was found within reach. */
  readonly last: Pick<EventInBrief, 'id' | 'seq' | 'at' | 'type'> | null;
  /** How many events of each type came after it. */
  readonly counts: Readonly<Partial<Record<EventType, number>>>;
  /** There are more than were looked at. */
  readonly isCapped: boolean;
  /** Newest first; checkpoints are only counted. */
  readonly events: readonly EventInBrief[];
}

/** One session, as its agent left it and as it stands. */
export interface SessionFacts {
  readonly id: string;
  readonly status: SessionStatus;
  /** Of whom the card is for; null: it never held it, as far back as was looked. */
  readonly tenure: Tenure | null;
  /** Who holds it now, if anybody. */
  readonly holder: Tenure | null;
  /** The task of the tenure; without one, the task that runs. */
  readonly task: TaskFacts | null;
  readonly checkpoint:
    | (Context & { readonly at: number | null; readonly eventId: number | null; readonly agent: string | null })
    | null;
  /** Tasks that wait: the head first. Where there are too many to be sorted, the head alone. */
  readonly queue: readonly WaitingTask[];
  readonly waitingCount: number;
  readonly since: SinceThen;
}

/** A task that waits in a session. */
export interface WaitingTask {
  readonly id: string;
  readonly title: string;
  readonly status: TaskStatus;
  readonly assignee: string | null;
  readonly role: string | null;
  readonly runAt: number | null;
  readonly note: string | null;
}

/** A session that the agent holds beside the one that the card is about. */
export interface AlsoHeld {
  readonly sessionId: string;
  readonly taskId: string;
  readonly fence: number;
  readonly until: number;
  readonly instance: string | null;
}

/** All that a resume card is made of. */
export interface ResumeFacts {
  /** For whom it is; null: for whoever asks. */
  readonly agent: string | null;
  readonly instance: string | null;
  readonly roles: readonly string[];
  readonly session: SessionFacts | null;
  /** Newest lease first. */
  readonly alsoHeld: readonly AlsoHeld[];
  readonly alsoHeldMore: boolean;
  /** Newest first. */
  readonly waitingFor: readonly WaitingFor[];
  readonly waitingForMore: boolean;
}
