/**
 * What the methods of `Orchestrator` take and answer.
 */
import type { z } from 'zod';
import type {
  AnswerReply,
  ClaimRefusal,
  EndAgentReply,
  LeaseRefusal,
  newTaskInput,
  ReleasedItem,
  releaseInput,
  releaseItem,
  RetryReply,
  SetAgentKeyReply,
} from '../commands/index.ts';
import type { Addressed, Seeded } from './inputs.ts';
import type { Task } from '../model/task.ts';
import type { AnyKinds, PayloadInput, ResultInput } from './kinds.ts';
import type { AgentRecord, ClaimRecord, TaskRecord } from './records.ts';

/** The fields of a call: those that can be filled in may be left out. */
export type Call<Schema extends z.ZodType> = Omit<z.input<Schema>, 'namespace' | 'commandId' | 'seed'> & Addressed;

/** The same, for calls that can be granted leases. */
export type SeededCall<Schema extends z.ZodType> = Call<Schema> & Seeded;

type NewTask = z.input<typeof newTaskInput>;

/** A task to add; its payload is typed by its kind. What is in it must not be changed before the answer has come. */
export type EnqueueTask<Kinds extends AnyKinds = AnyKinds> = {
  [Kind in keyof Kinds & string]: Omit<NewTask, 'kind' | 'payload'> & {
    readonly kind?: Kind;
    readonly payload?: PayloadInput<Kinds, Kind>;
  };
}[keyof Kinds & string];

/**
 * How to end one lease. With `kind`, the result is checked against that kind's schema. What is in it must not be
 * changed before the answer has come.
 */
export type ReleaseTask<Kinds extends AnyKinds = AnyKinds> = {
  [Kind in keyof Kinds & string]: Omit<z.input<typeof releaseItem>, 'result'> & {
    readonly kind?: Kind;
    readonly result?: ResultInput<Kinds, Kind>;
  };
}[keyof Kinds & string];

/** What to claim in the step that ends a lease. */
export type ClaimNext = NonNullable<z.input<typeof releaseInput>['claimNext']>;

/** A task that was added, or the task that holds the dedupe key. */
export interface Enqueued<Kinds extends AnyKinds = AnyKinds> {
  readonly ok: true;
  /** `duplicate`: another task holds the dedupe key; `task` is that one. */
  readonly outcome: 'enqueued' | 'duplicate';
  readonly task: TaskRecord<Kinds>;
}

/** A lease with its task and context; or the reason why there is none. */
export type Claimed<Kinds extends AnyKinds = AnyKinds> = ({ readonly ok: true } & ClaimRecord<Kinds>) | ClaimRefusal;

/** The task after the release, and the next claim; or the refusal of a lost lease. */
export type Released<Kinds extends AnyKinds = AnyKinds> =
  | (ReleasedItem & { readonly next: ClaimRecord<Kinds> | null })
  | LeaseRefusal;

/** Each task after the release, in the order of the items, and the next claims. */
export interface ReleasedBatch<Kinds extends AnyKinds = AnyKinds> {
  /** Whether any lease was ended. */
  readonly ok: boolean;
  readonly items: readonly (ReleasedItem | LeaseRefusal)[];
  readonly next: readonly ClaimRecord<Kinds>[];
}

/** The task, queued again; or the reason why not. */
export type Retried<Kinds extends AnyKinds = AnyKinds> =
  | { readonly ok: true; readonly task: TaskRecord<Kinds> }
  | Exclude<RetryReply, { readonly task: Task }>
  /** Another task has taken its dedupe key since it ended: `task` is that one. */
  | { readonly ok: false; readonly reason: 'duplicate'; readonly task: TaskRecord<Kinds> };

/** The task, queued again with the answer; or the reason why not. */
export type Answered<Kinds extends AnyKinds = AnyKinds> =
  | { readonly ok: true; readonly task: TaskRecord<Kinds> }
  | Exclude<AnswerReply, { ok: true }>;

/** The agent as the registry has it now. */
export interface RegisteredAgent {
  readonly ok: true;
  readonly agent: AgentRecord;
}

/** The name is not registered. */
export type AgentNotFound = Exclude<SetAgentKeyReply, { ok: true }>;

/** The agent, which claims nothing more; or the reason why not. */
export type EndedAgent = RegisteredAgent | Exclude<EndAgentReply, { ok: true }>;
