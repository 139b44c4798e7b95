import type { PlaceReport, StoreState } from '@agent-orchestrator/core';

/** Why there is nothing to see. */
interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** A held session. */
export interface HeldFacts {
  readonly namespace: string;
  readonly sessionId: string;
  readonly taskId: string | null;
  readonly agent: string;
  readonly fence: number;
  readonly staleAt: number;
  readonly heartbeatAt: number;
  /** The session's last event. */
  readonly seq: number;
}

/** A session whose holders renewed late. */
export interface NearMissFacts {
  readonly namespace: string;
  readonly sessionId: string;
  /** Who holds it now. */
  readonly agent: string | null;
  readonly ttlMs: number | null;
  readonly renewals: number;
  readonly nearMisses: number;
  readonly lastNearMissAt: number;
}

/** The first waiting task of a session that nobody holds. */
export interface HeadFacts {
  readonly namespace: string;
  readonly sessionId: string;
  readonly taskId: string;
  /** Of the task, for people. */
  readonly number: number;
  readonly kind: string;
  readonly assignee: string | null;
  readonly role: string | null;
  /** Since when it could have been claimed. */
  readonly waitsSince: number;
  /** How many wait behind it that somebody else could take. */
  readonly blocked: number;
}

/** A write of a former holder that was refused. */
export interface RefusedFacts {
  readonly namespace: string;
  readonly sessionId: string;
  readonly taskId: string | null;
  readonly agent: string | null;
  readonly instance: string | null;
  readonly fence: number;
  readonly eventId: number;
  readonly seq: number;
  readonly at: number;
  readonly operation: string;
  /** The type of the event that ended its lease, and when that was. */
  readonly endedBy: string;
  readonly endedAt: number;
}

/** A jump of the clock that was worked off: one event for each holder that got a new TTL. */
export interface JumpFacts {
  readonly eventId: number;
  readonly at: number;
  readonly byMs: number;
}

/** What goes on in a store. */
export interface WorkFacts {
  /** Every event up to this id was there. */
  readonly asOf: number;
  /** The authority's time. */
  readonly now: number;
  readonly held: readonly HeldFacts[];
  readonly nearMisses: readonly NearMissFacts[];
  readonly heads: readonly HeadFacts[];
  /** Kinds of which a task runs, each as `NAMESPACE KIND`. */
  readonly kindsAtWork: ReadonlySet<string>;
  readonly refused: readonly RefusedFacts[];
  readonly jumps: readonly JumpFacts[];
  /** Refusals and jumps were looked for after this event. */
  readonly eventsAfter: number;
  /** Whether there were more sessions or waiting tasks than were looked at. */
  readonly capped: boolean;
}

/** All that the findings are judged by. */
export interface StoreFacts {
  /** Without a password. */
  readonly url: string;
  /** null: the storage does not tell of it, or it could not be looked at, and `refusal` says why. */
  readonly place: PlaceReport | null;
  /** null: open for work, as far as is known. */
  readonly state: StoreState | null;
  /** Whether this process alone sees the store. */
  readonly isPrivate: boolean;
  readonly refusal: Refusal | null;
  /** null: nothing can be read of a store that was refused, or is of another version. */
  readonly work: WorkFacts | null;
  /** This machine's time when the place was looked at. */
  readonly localNow: number;
}
