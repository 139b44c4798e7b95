import type { AnyKinds, ClaimRecord, Json, LeaseRefusal, ResultInput, TaskRecord } from '@agent-orchestrator/core';
import type { StartedCommand, StartInWork } from './lease-commands.ts';
import type { Checkpoint } from './lease-keeper.ts';

/** What a handler gets for one task. Its functions can be used without the object. */
export interface Work<Kinds extends AnyKinds = AnyKinds, Kind extends keyof Kinds & string = keyof Kinds & string> {
  readonly task: Extract<TaskRecord<Kinds>, { readonly kind: Kind }>;
  readonly lease: ClaimRecord['lease'];
  /** The context that the last holder of the session saved; null: none yet. */
  readonly context: ClaimRecord['context'];
  /** The former holder, if the session was taken over, and why. */
  readonly takeover: ClaimRecord['takeover'];
  /** Aborted when the handler should stop; its reason is a `WorkAborted`. */
  readonly signal: AbortSignal;
  /**
   * Saves the context for the next holder, and renews the lease. It is sent again during outages until it is answered.
   *
   * @throws `WorkAborted` if the lease is gone; `INVALID_INPUT`, also for a `turn` behind the last one;
   * `LIMIT_EXCEEDED`
   */
  readonly checkpoint: (context: Omit<Checkpoint, 'commandId'>) => Promise<{ readonly turn: number }>;
  /**
   * Reports progress, as JSON of up to 4,096 bytes. After the first report, the handler must report again within the
   * worker's `progressWithinMs`. Otherwise it counts as stuck, and its lease is not renewed.
   *
   * @throws `INVALID_INPUT`, `LIMIT_EXCEEDED`
   */
  readonly progress: (progress: Json) => void;
  /**
   * Call it before a side effect that the store cannot refuse. It returns as soon as the lease is certainly held. After
   * a sleep of the machine or an outage, that takes a heartbeat.
   *
   * @throws `WorkAborted` if the lease is gone
   */
  readonly confirm: () => Promise<void>;
  /**
   * Starts a program under the lease, without a shell, with all that it starts: it is paused while it is in doubt
   * whether the lease is held, and ended when the lease is lost. What is left when the handler ends is ended, too. A
   * worker that was killed counts as dead only when all of it has ended (see docs/platforms.md).
   *
   * @throws `WorkAborted` if the lease is gone; an error that says why the program could not be started
   */
  readonly start: (command: readonly string[], options?: StartInWork) => Promise<StartedCommand>;
}

/**
 * Does a task.
 *
 * - It returns the result of the task, which then has succeeded. Of a result that cannot be stored, what fits is
 *   stored: a part that is no JSON becomes null, and the largest texts and lists are cut. `not_stored` says why: in
 *   the result, or beside `kept` if the result is no object. A result that does not fit the kind of the task fails for
 *   good. In no case is the work done again.
 * - If it throws, the attempt has failed, and the task is tried again (see `TaskFailed`). Its data are stored in the
 *   same way.
 * - If it throws `TaskWaiting`, the task waits for the answer to a question. No attempt is charged.
 * - If it throws after its signal was aborted, the task is cancelled or given back, depending on the reason.
 */
export type Handler<Kinds extends AnyKinds = AnyKinds, Kind extends keyof Kinds & string = keyof Kinds & string> = (
  work: Work<Kinds, Kind>,
) => Promise<HandlerResult<Kinds, Kind>> | HandlerResult<Kinds, Kind>;

// A handler without a result returns nothing, which TypeScript calls void.
type HandlerResult<Kinds extends AnyKinds, Kind extends keyof Kinds & string> = ResultInput<Kinds, Kind> | void;

/** Why a handler should stop. */
export type AbortReason =
  /** Another process may hold the session, so all further writes of this handler are refused. */
  | 'lease_lost'
  /** The lease expired, because the store could not be reached or no progress was reported. */
  | 'lease_expired'
  /** Cancellation of the task was requested. */
  | 'cancel_requested'
  /** The worker stops, and the time for handlers is over. The task is given back without charge of an attempt. */
  | 'shutdown';

/** The reason of a handler's signal. */
export class WorkAborted extends Error {
  override readonly name = 'WorkAborted';
  readonly reason: AbortReason;
  /** Of a lost lease: what ended it, and its successor. */
  readonly lost: LeaseRefusal | undefined;

  constructor(reason: AbortReason, lost?: LeaseRefusal) {
    super(MEANS[reason]);
    this.reason = reason;
    this.lost = lost;
  }
}

const MEANS: Readonly<Record<AbortReason, string>> = {
  lease_lost: 'The lease was lost: another process may work on the task.',
  lease_expired: 'The lease expired before it could be renewed.',
  cancel_requested: 'The task was cancelled.',
  shutdown: 'The worker stops.',
};

/** Thrown by a handler to fail the attempt with more than a message. */
export class TaskFailed extends Error {
  override readonly name = 'TaskFailed';
  /** A name, such as `NO_SUCH_FILE`. Any other is cut, and `not_stored` in the data says so. */
  readonly code: string | undefined;
  readonly data: Json | undefined;
  /** true: do not retry; mark the task as failed. */
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

/**
 * Thrown by a handler to ask a question: the task waits for the answer, and no attempt is charged. The next holder gets
 * the answer with its claim (`task.answer`).
 */
export class TaskWaiting extends Error {
  override readonly name = 'TaskWaiting';
  readonly question: string;
  /** The agent or the role that is asked; undefined: it is for any agent. */
  readonly to: { readonly agent: string } | { readonly role: string } | undefined;

  constructor(question: string, { to }: { to?: TaskWaiting['to'] } = {}) {
    super('The task waits for an answer.');
    this.question = question;
    this.to = to;
  }
}
