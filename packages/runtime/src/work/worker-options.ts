import {
  LIMITS,
  OrchestratorError,
  type AgentRefusal,
  type AnyKinds,
  type ClaimRecord,
  type Evidence,
  type Orchestrator,
  type ReleaseOutcome,
  type TaskStatus,
} from '@agent-orchestrator/core';
import type { Time } from '../system/time.ts';
import type { Handler } from './handler.ts';
import type { LeaseNews } from './lease-news.ts';

export interface WorkerOptions<Kinds extends AnyKinds = AnyKinds> {
  readonly orchestrator: Orchestrator<Kinds>;
  /** The agent that tasks are claimed for. */
  readonly agent: string;
  /** This run of the agent; a new UUIDv7 by default. */
  readonly instance?: string;
  /** Roles of the agent: it also gets tasks that ask for one of them. A registered agent gets only these of its own. */
  readonly roles?: readonly string[];
  /** Only tasks of these kinds; by default those that have a handler, or any. */
  readonly kinds?: readonly (keyof Kinds & string)[];
  /**
   * How many tasks to work on at once, each of another session; 1 by default. A handler that ignores its signal keeps
   * its slot. This worker does not start its task again before the handler has ended.
   */
  readonly concurrency?: number;
  readonly ttlMs?: number;
  readonly staleAfterMs?: number;
  /**
   * How long a handler may work without `progress` or `checkpoint` before its lease is no longer renewed. If given, it
   * counts from the claim. By default it is one hour and counts from the first `progress`; a handler that never reports
   * progress has no limit.
   */
  readonly progressWithinMs?: number;
  /** First takes back the leases of an earlier run of the agent. Use it only if one worker at a time has this name. */
  readonly resume?: boolean;
  /**
   * Called about once a second while there is nothing to do. Returns proof that holders are dead; their sessions are
   * then recovered at once, not only when their leases are stale. The default is `findDeadHolders` on a store that only
   * this machine uses. `null` turns it off.
   */
  readonly findDead?: (() => Promise<readonly Evidence[]>) | null;
  /**
   * A folder for the worker's journal: its calls and their answers, for `orchestrator journal check`. While the journal
   * cannot be written, the worker claims nothing and reports an `outage`; it continues by itself afterwards. No journal
   * by default.
   */
  readonly journal?: string;
  /** For all kinds, or one for each. */
  readonly handler: Handler<Kinds> | HandlersByKind<Kinds>;
  /** Called for everything that is worth logging. Must not throw. */
  readonly onEvent?: (event: WorkerEvent<Kinds>) => void;
  /** Makes a UUIDv7. */
  readonly newCommandId?: () => string;
  readonly time?: Time;
  /** Returns a number in [0, 1), for the pauses between attempts. */
  readonly random?: () => number;
}

/** A handler for each kind that the worker takes. */
export type HandlersByKind<Kinds extends AnyKinds> = { readonly [Kind in keyof Kinds & string]?: Handler<Kinds, Kind> };

/** What a worker reports. */
export type WorkerEvent<Kinds extends AnyKinds = AnyKinds> =
  | { readonly is: 'claimed'; readonly claim: ClaimRecord<Kinds> }
  /** A change of the lease. */
  | { readonly is: 'lease'; readonly claim: ClaimRecord<Kinds>; readonly news: LeaseNews }
  /** `status`: of the task, afterwards. A failed attempt with attempts left is `scheduled`, for `runAt`. */
  | {
      readonly is: 'released';
      readonly claim: ClaimRecord<Kinds>;
      readonly outcome: ReleaseOutcome;
      readonly status: TaskStatus;
      readonly runAt: number | null;
    }
  /**
   * The lease was lost before the task could be released, or is left to its time, because a command of the handler may
   * be alive. Its next holder continues the task.
   */
  | { readonly is: 'lost'; readonly claim: ClaimRecord<Kinds> }
  /**
   * The worker stops and could not release the task, or could not journal that it did. A task that was not released is
   * recovered when its lease is stale.
   */
  | { readonly is: 'left'; readonly claim: ClaimRecord<Kinds>; readonly error: unknown }
  /** The registry lets the agent claim nothing: the worker asks again, and continues when the agent is registered. */
  | { readonly is: 'refused'; readonly refusal: AgentRefusal }
  /** The store is unavailable or busy, or the journal cannot be written. */
  | { readonly is: 'outage'; readonly error: OrchestratorError; readonly retryInMs: number };

/** @throws `INVALID_INPUT` */
export function checkWorkerOptions<Kinds extends AnyKinds>(options: WorkerOptions<Kinds>): void {
  const { concurrency = 1 } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > LIMITS.batch_max)
    throw new OrchestratorError('INVALID_INPUT', `concurrency must be a whole number from 1 to ${LIMITS.batch_max}.`, {
      field: 'concurrency',
    });
  for (const kind of kindsOf(options) ?? []) if (handlerFor(options, kind) === undefined) throw noHandler(kind);
}

/** The kinds that the worker asks for; undefined: any. */
export function kindsOf<Kinds extends AnyKinds>({
  kinds,
  handler,
}: WorkerOptions<Kinds>): readonly string[] | undefined {
  return kinds ?? (typeof handler === 'function' ? undefined : Object.keys(handler));
}

export function handlerFor<Kinds extends AnyKinds>(
  { handler }: WorkerOptions<Kinds>,
  kind: string,
): Handler | undefined {
  // A handler for one kind takes no other, and gets no other.
  if (typeof handler === 'function') return handler as unknown as Handler;
  return Object.hasOwn(handler, kind) ? (handler[kind] as unknown as Handler | undefined) : undefined;
}

export function noHandler(kind: string): OrchestratorError {
  return new OrchestratorError('INVALID_INPUT', `handler has none for the kind ${kind}.`, { field: 'handler' });
}
