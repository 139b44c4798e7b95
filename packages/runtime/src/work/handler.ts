import type { AnyKinds, ClaimRecord, Json, LeaseRefusal, ResultInput, TaskRecord } from '@agent-orchestrator/core';
import type { Checkpoint } from './lease-keeper.ts';

/** One task in the hands of a worker: what its handler gets. The functions can be taken out of it. */
export interface Work<Kinds extends AnyKinds = AnyKinds, Kind extends keyof Kinds & string = keyof Kinds & string> {
  readonly task: Extract<TaskRecord<Kinds>, { readonly kind: Kind }>;
  readonly lease: ClaimRecord['lease'];
  /** What the last holder of the session saved; null: nothing yet. */
  readonly context: ClaimRecord['context'];
  /** From whom the session was taken over, and why. */
  readonly takeover: ClaimRecord['takeover'];
  /** Aborted when there is no point in going on; its reason is a `WorkAborted`. */
  readonly signal: AbortSignal;
  /**
   * Saves the context for whoever goes on, and renews the lease by that. Outlasts outages: it is sent until it is answered.
   *
   * @throws `WorkAborted` if the lease is gone; `INVALID_INPUT`, also for a `turn` behind the last one; `LIMIT_EXCEEDED`
   */
  readonly checkpoint: (context: Omit<Checkpoint, 'commandId'>) => Promise<{ readonly turn: number }>;
  /**
   * Shows how far the work is, as JSON of up to 4,096 bytes, and that it goes on. Once a handler has reported progress, it has
   * to report some within the worker's `progressWithinMs`: the lease of a stuck one is not renewed.
   *
   * @throws `INVALID_INPUT`, `LIMIT_EXCEEDED`
   */
  readonly progress: (progress: Json) => void;
  /**
   * For the moment before a side effect that the store cannot refuse: returns as soon as the lease is held for sure, which takes a
   * heartbeat after the machine slept or the store was away.
   *
   * @throws `WorkAborted` if the lease is gone
   */
  readonly confirm: () => Promise<void>;
}

/**
 * Does a task. What it returns is the result of a task that succeeded; what it throws is the error of a failed attempt, which is
 * tried again (see `TaskFailed`). After its signal was aborted, throwing ends the task as cancelled, or gives it back, as the
 * reason says.
 */
export type Handler<Kinds extends AnyKinds = AnyKinds, Kind extends keyof Kinds & string = keyof Kinds & string> = (
  work: Work<Kinds, Kind>,
) => Promise<HandlerResult<Kinds, Kind>> | HandlerResult<Kinds, Kind>;

// A handler without a result returns nothing, which TypeScript calls void.
type HandlerResult<Kinds extends AnyKinds, Kind extends keyof Kinds & string> = ResultInput<Kinds, Kind> | void;

/** Why a handler need not go on. */
export type AbortReason =
  /** Somebody else may hold the session: whatever this handler still does is too late. */
  | 'lease_lost'
  /** The store could not be reached, or no progress was reported, until the lease was over. */
  | 'lease_expired'
  /** Somebody cancelled the task. */
  | 'cancel_requested'
  /** The worker stops, and the time that handlers had is over: the task is given back, and no attempt is charged. */
  | 'shutdown';

/** The reason of a handler's signal. */
export class WorkAborted extends Error {
  override readonly name = 'WorkAborted';
  readonly reason: AbortReason;
  /** Of a lost lease: what ended it, and who came next. */
  readonly lost: LeaseRefusal | undefined;

  constructor(reason: AbortReason, lost?: LeaseRefusal) {
    super(MEANS[reason]);
    this.reason = reason;
    this.lost = lost;
  }
}

const MEANS: Readonly<Record<AbortReason, string>> = {
  lease_lost: 'The lease was lost: somebody else may work on the task.',
  lease_expired: 'The lease could not be renewed until it was over.',
  cancel_requested: 'The task was cancelled.',
  shutdown: 'The worker stops.',
};

/** For handlers: fails the attempt with more than a message. */
export class TaskFailed extends Error {
  override readonly name = 'TaskFailed';
  /** A name, such as `NO_SUCH_FILE`. */
  readonly code: string | undefined;
  readonly data: Json | undefined;
  /** Another attempt would not mend it: the task becomes a dead letter at once. */
  readonly final: boolean;

  constructor(
    message: string,
    { code, data, final = false, cause }: { code?: string; data?: Json; final?: boolean; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.data = data;
    this.final = final;
  }
}
