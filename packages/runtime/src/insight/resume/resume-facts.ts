import type { Artifact, Context, EventType, Json, SessionStatus, TaskStatus } from '@agent-orchestrator/core';

/*
 * The content of a resume card, before it is cut to its budget. Times are milliseconds since 1970, UTC. It does not
 * depend on the time at which it is read: while the store does not change, it stays the same.
 */

/** A lease, current or over. */
export interface Tenure {
  readonly agent: string;
  readonly instance: string | null;
  readonly fence: number;
  /** The caller's own. */
  readonly you: boolean;
  readonly taskId: string;
  /** When the lease was granted. */
  readonly at: number;
  /** Of a current lease: when it expires unless it is renewed. */
  readonly until: number | null;
  /** Of a lease that is over: the event that ended it. */
  readonly ended: EventInBrief | null;
}

/** The fields of a task that the card shows. */
export interface TaskFacts {
  readonly id: string;
  readonly title: string;
  readonly kind: string;
  readonly status: TaskStatus;
  readonly attempt: number;
  readonly attemptsMax: number;
  readonly runAt: number | null;
  readonly note: string | null;
  /** The last question of a holder, and its answer if there is one. */
  readonly question: string | null;
  readonly askedAt: number | null;
  readonly askedBy: string | null;
  readonly answer: string | null;
  readonly answeredBy: string | null;
  /** How many tasks it waits for; null: it depends on none. */
  readonly openDependencies: number | null;
  readonly cancelRequestedAt: number | null;
  readonly payload: Json;
  readonly progress: Json;
  /** What its result names. */
  readonly artifacts: readonly Artifact[];
  /** Of a review: the work that it judges. */
  readonly reviews: JudgedWork | null;
}

/** The work that a review judges, as the reviewer finds it now. */
export interface JudgedWork {
  readonly taskId: string;
  readonly title: string;
  readonly round: number;
  /** The agents that held it. */
  readonly holders: readonly string[];
  readonly payload: Json;
  readonly result: Json;
}

/** An event, with the few fields of its payload that the card shows. */
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
  /** Of a lost lease: its former holder, and why it ended. */
  readonly fromAgent: string | null;
  readonly reason: string | null;
  /** Of an added task. */
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
  /** The agent that handed it over, and when; null: it was for this agent from the start. */
  readonly handedOver: { readonly by: string | null; readonly at: number; readonly eventId: number } | null;
  /** When it goes back to that agent if no agent has claimed it; and whom it came back from, if it did. */
  readonly returnAt: number | null;
  readonly returnedFrom: string | null;
  /** The note of the handover. Shown until the task is claimed. */
  readonly note: string | null;
}

/** A question that waits for the agent that the card is for, by its name or one of its roles. */
export interface QuestionFor {
  readonly taskId: string;
  readonly sessionId: string;
  readonly title: string;
  readonly question: string;
  readonly askedBy: string | null;
  readonly askedAt: number;
  readonly role: string | null;
}

/** What other agents did in a session. */
export interface SinceThen {
  /** The last event of the agent that the card is for; null: none was found within reach. */
  readonly last: Pick<EventInBrief, 'id' | 'seq' | 'at' | 'type'> | null;
  /** How many events of each type came after it. */
  readonly counts: Readonly<Partial<Record<EventType, number>>>;
  /** There are more than were read. */
  readonly isCapped: boolean;
  /** Newest first; checkpoints are only counted. */
  readonly events: readonly EventInBrief[];
}

/** One session, as its agent left it and as it is now. */
export interface SessionFacts {
  readonly id: string;
  readonly status: SessionStatus;
  /** The lease of the agent that the card is for; null: none was found within reach. */
  readonly tenure: Tenure | null;
  /** The current lease. */
  readonly holder: Tenure | null;
  /** The task of the tenure; without one, the task that runs. */
  readonly task: TaskFacts | null;
  readonly checkpoint:
    | (Context & { readonly at: number | null; readonly eventId: number | null; readonly agent: string | null })
    | null;
  /** Waiting tasks, the head first. If there are too many to sort: only the head. */
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
  /** Whether its question is open. */
  readonly asks: boolean;
  readonly note: string | null;
  /** Who handed it off, if no agent has claimed it since; and when it goes back. */
  readonly handedOffBy: string | null;
  readonly returnAt: number | null;
}

/** A session that the agent holds beside the one that the card is about. */
export interface AlsoHeld {
  readonly sessionId: string;
  readonly taskId: string;
  readonly fence: number;
  readonly until: number;
  readonly instance: string | null;
  /** The caller's own lease. */
  readonly you: boolean;
}

/** Everything in a resume card. */
export interface ResumeFacts {
  /** The agent that the card is for; null: any. */
  readonly agent: string | null;
  readonly instance: string | null;
  readonly roles: readonly string[];
  /** Oldest first. */
  readonly questions: readonly QuestionFor[];
  readonly questionsMore: boolean;
  readonly session: SessionFacts | null;
  /** Newest lease first. */
  readonly alsoHeld: readonly AlsoHeld[];
  readonly alsoHeldMore: boolean;
  /** Newest first. */
  readonly waitingFor: readonly WaitingFor[];
  readonly waitingForMore: boolean;
}
