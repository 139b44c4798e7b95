import type { PlaceReport, ProcessIdentity, StoreState } from '@agent-orchestrator/core';
import type { Guarantee } from '../../processes/guarantee.ts';

/** Why the store could not be read. */
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
  /** null: the lease names no process. */
  readonly process: ProcessIdentity | null;
}

/** What this machine shows of the processes behind the leases. */
interface MachineFacts {
  readonly guarantee: Guarantee;
  /** Sessions whose holder is gone, but not certainly all that it started. */
  readonly left: readonly LeftFacts[];
  readonly keys: readonly KeyFacts[];
}

/** A registered key, and what is in the place of its private half on this machine. */
export interface KeyFacts {
  readonly agent: string;
  readonly path: string;
  /** In a sentence; null: the file can be used. */
  readonly problem: string | null;
}

export interface LeftFacts extends Pick<HeldFacts, 'namespace' | 'sessionId' | 'taskId' | 'agent'> {
  readonly is: 'alive' | 'unproven';
}

/** A session whose holders renewed late. */
export interface NearMissFacts {
  readonly namespace: string;
  readonly sessionId: string;
  /** The current holder. */
  readonly agent: string | null;
  readonly ttlMs: number | null;
  readonly renewals: number;
  readonly nearMisses: number;
  readonly lastNearMissAt: number;
}

/** The first waiting task of a session that has no holder. */
export interface HeadFacts {
  readonly namespace: string;
  readonly sessionId: string;
  readonly taskId: string;
  /** Of the task, for people. */
  readonly number: number;
  readonly kind: string;
  readonly assignee: string | null;
  readonly role: string | null;
  /** When it could first have been claimed. */
  readonly waitsSince: number;
  /** How many tasks behind it are for other agents or roles. */
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

/** A jump of the clock that was handled: one event for each holder that got new deadlines. */
export interface JumpFacts {
  readonly eventId: number;
  readonly at: number;
  readonly byMs: number;
  /** The store took another clock. */
  readonly taken: boolean;
}

/** The work in a store. */
export interface WorkFacts {
  /** Every event up to this id was settled. */
  readonly asOf: number;
  /** The authority's time. */
  readonly now: number;
  /** This process's time when that was read. */
  readonly localNow: number;
  readonly held: readonly HeldFacts[];
  readonly nearMisses: readonly NearMissFacts[];
  readonly heads: readonly HeadFacts[];
  /** Kinds of the running tasks, each as `NAMESPACE KIND`. */
  readonly kindsAtWork: ReadonlySet<string>;
  readonly refused: readonly RefusedFacts[];
  readonly jumps: readonly JumpFacts[];
  /** Refusals and jumps were looked for after this event. */
  readonly eventsAfter: number;
  /** Whether there were more sessions or waiting tasks than were looked at. */
  readonly capped: boolean;
}

/** Everything that the findings are judged by. */
export interface StoreFacts {
  /** Without a password. */
  readonly url: string;
  /** null: the storage does not report it, or could not be asked and `refusal` says why. */
  readonly place: PlaceReport | null;
  /** null: open for work, as far as is known. */
  readonly state: StoreState | null;
  /** Whether only this process can see the store. */
  readonly isPrivate: boolean;
  readonly refusal: Refusal | null;
  /** null: the store was refused or has another schema, so that it cannot be read. */
  readonly work: WorkFacts | null;
  readonly machine: MachineFacts;
  /** This machine's time when the place was inspected. */
  readonly localNow: number;
}
