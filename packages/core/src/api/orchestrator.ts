import { z } from 'zod';
import {
  cancel,
  cancelInput,
  checkpoint,
  checkpointInput,
  claim,
  claimInput,
  clockJump,
  close,
  closeInput,
  enqueue,
  enqueueInput,
  heartbeat,
  heartbeatInput,
  newTasksInput,
  recover,
  recoverInput,
  release,
  releaseInput,
  retry,
  retryInput,
  type CancelReply,
  type CheckpointReply,
  type ClaimRefusal,
  type ClaimReply,
  type CloseReply,
  type HeartbeatReply,
  type LeaseLost,
  type RecoverReply,
  type ReleaseInput,
  type ReleaseReply,
  type RetryReply,
} from '../commands/index.ts';
import type { Command, CommandInput } from '../commands/command.ts';
import { invalidInput } from '../model/errors.ts';
import * as field from '../model/fields.ts';
import { parseInput } from '../model/fields.ts';
import { partCommandId } from '../model/ids.ts';
import type { Json } from '../model/json.ts';
import { KindRegistry, type AnyKinds, type PayloadInput, type ResultInput } from './kinds.ts';
import type { ProcessIdentity } from '../model/lease.ts';
import { DEFAULTS, LIMITS } from '../model/limits.ts';
import type { CommandName } from '../log/lifecycle.ts';
import type { Telemetry } from './telemetry.ts';
import { OrchestratorReads } from './reads.ts';
import { toClaimRecord, toTaskRecord, type ClaimRecord, type TaskRecord } from './records.ts';
import type { SessionKey } from '../storage/scope.ts';
import type { Storage } from '../storage/storage.ts';
import { requestHash, transition } from '../commands/execute.ts';

/** What an `Orchestrator` works with. */
export interface OrchestratorOptions<Kinds extends AnyKinds = AnyKinds> {
  readonly storage: Storage;
  /** Makes a UUIDv7. Injected: core has no randomness of its own. */
  readonly newCommandId: () => string;
  /** The namespace of calls that name none; `default` without it. */
  readonly namespace?: string;
  /** The kinds of task, with the schemas of their payloads and results. */
  readonly kinds?: Kinds;
  /** The process that holds the leases which this orchestrator claims, if its death proves the holder's. */
  readonly process?: ProcessIdentity;
  readonly telemetry?: Telemetry;
}

/** The fields of a call: the namespace and the command id may be left out. */
type Call<Schema extends z.ZodType> = Omit<z.input<Schema>, 'namespace' | 'commandId'> & {
  readonly namespace?: string | undefined;
  /** A UUIDv7. The same id with the same request has its effect once, however often it is sent. */
  readonly commandId?: string | undefined;
};

type NewTask = z.input<typeof enqueueInput>['tasks'][number];

/** A task to add; its payload is typed by its kind. */
export type EnqueueTask<Kinds extends AnyKinds = AnyKinds> = {
  [Kind in keyof Kinds & string]: Omit<NewTask, 'kind' | 'payload'> & {
    readonly kind?: Kind;
    readonly payload?: PayloadInput<Kinds, Kind>;
  };
}[keyof Kinds & string];

/** How to end a lease. With `kind`, the result is checked against that kind's schema. */
export type ReleaseTask<Kinds extends AnyKinds = AnyKinds> = {
  [Kind in keyof Kinds & string]: Omit<Call<typeof releaseInput>, 'result'> & {
    readonly kind?: Kind;
    readonly result?: ResultInput<Kinds, Kind>;
  };
}[keyof Kinds & string];

/** A task as it stands after it was added, or found. */
export interface Enqueued<Kinds extends AnyKinds = AnyKinds> {
  readonly ok: true;
  /** `duplicate`: a task with the dedupe key was there; it is the one in `task`. */
  readonly outcome: 'enqueued' | 'duplicate';
  readonly task: TaskRecord<Kinds>;
}

/** A lease with its task and context; or why there is none. */
export type Claimed<Kinds extends AnyKinds = AnyKinds> = ({ readonly ok: true } & ClaimRecord<Kinds>) | ClaimRefusal;

/** What became of the task; or that the lease was lost. */
export type Released<Kinds extends AnyKinds = AnyKinds> =
  | (Omit<Extract<ReleaseReply, { ok: true }>, 'next'> & { readonly next: ClaimRecord<Kinds> | null })
  | LeaseLost;

/** The task, queued again; or why not. */
export type Retried<Kinds extends AnyKinds = AnyKinds> =
  | { readonly ok: true; readonly task: TaskRecord<Kinds> }
  | Exclude<RetryReply, { ok: true }>;

/**
 * The commands, checked and sent to a storage. Lost races are values (`ok: false` with a reason); malformed input and
 * outages throw an `OrchestratorError`. Times are milliseconds since 1970 (UTC), durations milliseconds.
 *
 * ```ts
 * await using orchestrator = await openOrchestrator('sqlite:/path/to.db');
 * const claimed = await orchestrator.claimTask({ agent: 'company-agent' });
 * if (claimed.ok) {
 *   const { sessionId, token } = claimed.lease;
 *   await orchestrator.releaseTask({ sessionId, token, outcome: 'succeeded' });
 * }
 * ```
 */
export class Orchestrator<Kinds extends AnyKinds = AnyKinds>
  extends OrchestratorReads<Kinds>
  implements AsyncDisposable
{
  readonly #options: OrchestratorOptions<Kinds>;
  readonly #kinds: KindRegistry;

  constructor(options: OrchestratorOptions<Kinds>) {
    super(options.storage, options.namespace ?? DEFAULTS.namespace);
    this.#options = options;
    this.#kinds = new KindRegistry(options.kinds);
  }

  /** Adds one task, opening its session. A task with the same dedupe key is not added again. */
  async enqueueTask(task: EnqueueTask<Kinds> & Addressed): Promise<Enqueued<Kinds>> {
    const { namespace, commandId, ...rest } = field.asObject(task, 'task');
    const { tasks } = await this.enqueueTasks([rest], { namespace, commandId });
    const [enqueued] = tasks;
    if (enqueued === undefined) throw invalidInput('tasks', 'is empty');
    return enqueued;
  }

  /** Adds up to 1,000 tasks, all or none; a batch keeps its order where priorities are equal. */
  async enqueueTasks(
    tasks: readonly EnqueueTask<Kinds>[],
    batch: Addressed = {},
  ): Promise<{ readonly ok: true; readonly tasks: readonly Enqueued<Kinds>[] }> {
    const { namespace, commandId } = field.asObject(batch, 'batch');
    const input = parseInput(enqueueInput, this.#addressed({ namespace, commandId, tasks }));
    if (this.#kinds.areDeclared) await this.#checkPayloads(input.tasks);
    const reply = await this.#run(enqueue, input);
    return {
      ok: true,
      tasks: reply.tasks.map(({ task, duplicate }) => ({
        ok: true,
        outcome: duplicate ? 'duplicate' : 'enqueued',
        task: toTaskRecord<Kinds>(task),
      })),
    };
  }

  /**
   * Whether these tasks could be added: throws what `enqueueTasks` would, and writes nothing. For as many as there are, so
   * that work sent in several batches is known to be sound before the first one.
   */
  async checkTasks(tasks: readonly EnqueueTask<Kinds>[]): Promise<void> {
    await this.#checkPayloads(parseInput(newTasksInput, { tasks }).tasks);
  }

  /**
   * Takes a session's lock and marks its head running. With `sessionId`: that session, taken over if its lease has expired.
   * Without: the best head by priority, then age, after recovering a few stale sessions.
   */
  async claimTask(call: Omit<Call<typeof claimInput>, 'limit'>): Promise<Claimed<Kinds>> {
    const reply = await this.#claim({ ...call, limit: 1 });
    if (!reply.ok) return reply;
    const [first] = reply.claims;
    return first === undefined
      ? { ok: false, reason: 'no_task', nextDueAt: null }
      : { ok: true, ...toClaimRecord<Kinds>(first) };
  }

  /** Claims up to `limit` heads at once, each of another session, each under a lease of its own. */
  async claimTasks(
    call: Call<typeof claimInput>,
  ): Promise<{ readonly ok: true; readonly claims: readonly ClaimRecord<Kinds>[] } | ClaimRefusal> {
    const reply = await this.#claim(call);
    return reply.ok ? { ok: true, claims: reply.claims.map((one) => toClaimRecord<Kinds>(one)) } : reply;
  }

  /** Extends the lease and proves life; says whether cancellation was asked. */
  async heartbeat(call: Omit<Call<typeof heartbeatInput>, 'commandId'>): Promise<HeartbeatReply> {
    const given = field.asObject(call, 'call');
    const namespace = given.namespace ?? this.defaultNamespace;
    return this.#run(heartbeat, parseInput(heartbeatInput, { ...given, namespace }));
  }

  /** Saves the context for the next holder (it replaces the last one) and counts as a heartbeat. */
  async checkpoint(call: Call<typeof checkpointInput>): Promise<CheckpointReply> {
    return this.#run(checkpoint, parseInput(checkpointInput, this.#addressed(call)));
  }

  /** Ends the lease with an outcome; with `claimNext` takes the next head in the same transaction. */
  async releaseTask(task: ReleaseTask<Kinds>): Promise<Released<Kinds>> {
    const { kind, ...call } = field.asObject(task, 'call');
    const input = parseInput(releaseInput, this.#addressed(call));
    // Without a kind nothing is awaited, so that calls of one turn are sent in their order.
    if (kind !== undefined) await this.#checkResult(input, kind, 'result');
    return this.#release(input);
  }

  /**
   * Ends many leases at once, each by itself: the replies stand in the order of the calls. All are checked before the first is
   * sent. After an outage, the same batch with the same command id answers again what took effect.
   */
  async releaseTasks(calls: readonly ReleaseTask<Kinds>[], batch: Addressed = {}): Promise<readonly Released<Kinds>[]> {
    const { namespace, commandId } = parseInput(addressedInput, this.#addressed(batch));
    if (!Array.isArray(calls)) throw invalidInput('calls', 'must be an array');
    const parts = calls.map((given, at) => {
      const { kind: _kind, ...call } = field.asObject(given, `calls[${at}]`);
      return {
        ...call,
        namespace: call.namespace ?? namespace,
        commandId: call.commandId ?? partCommandId(commandId, at),
      };
    });
    const inputs = parseInput(releaseBatchInput, { calls: parts }).calls;
    for (const [at, { kind }] of calls.entries()) {
      const input = inputs[at];
      if (kind !== undefined && input !== undefined) await this.#checkResult(input, kind, `calls[${at}].result`);
    }
    return Promise.all(inputs.map((input) => this.#release(input)));
  }

  /** Closes stale leases, and those whose holders `evidence` proves dead; requeues or ends what they held, keeps the context. */
  async staleRecovery(call: Call<typeof recoverInput> = {}): Promise<RecoverReply> {
    return this.#run(recover, parseInput(recoverInput, this.#addressed(call)));
  }

  /** Ends a task that waits; the holder of one that runs learns of it with its next heartbeat. */
  async cancelTask(call: Call<typeof cancelInput>): Promise<CancelReply> {
    return this.#run(cancel, parseInput(cancelInput, this.#addressed(call)));
  }

  /** Queues a dead or cancelled task again; its counters start anew. */
  async retryTask(call: Call<typeof retryInput>): Promise<Retried<Kinds>> {
    const reply = await this.#run(retry, parseInput(retryInput, this.#addressed(call)));
    return reply.ok ? { ok: true, task: toTaskRecord<Kinds>(reply.task) } : reply;
  }

  /** Closes a session that nobody works on; with `cancelTasks`, cancels what waits in it, page by page. */
  async closeSession(call: Call<typeof closeInput>): Promise<CloseReply> {
    let input = parseInput(closeInput, this.#addressed(call));
    let cancelled = 0;
    for (;;) {
      const reply = await this.#run(close, input);
      if (!reply.ok) return reply;
      cancelled += reply.cancelled;
      if (!reply.more) return { ...reply, cancelled };
      // Each page is a command of its own, with an id that a repeated call comes to again.
      input = { ...input, commandId: partCommandId(input.commandId, 0) };
    }
  }

  /** Closes the storage. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.storage.close();
  }

  /** Replaces each payload by what the schema of its kind makes of it. */
  async #checkPayloads(tasks: z.output<typeof newTasksInput>['tasks']): Promise<void> {
    await Promise.all(
      tasks.map(async (task, at) => {
        task.payload = (await this.#kinds.check(task.kind, 'payload', task.payload, `tasks[${at}].payload`)) as Json;
      }),
    );
  }

  async #checkResult(input: ReleaseInput, kind: string, name: string): Promise<void> {
    if (input.outcome !== 'succeeded') return;
    input.result = (await this.#kinds.check(kind, 'result', input.result ?? null, name)) as Json;
  }

  async #release(input: ReleaseInput): Promise<Released<Kinds>> {
    const reply = await this.#run(release, input);
    return reply.ok ? { ...reply, next: reply.next === null ? null : toClaimRecord<Kinds>(reply.next) } : reply;
  }

  async #claim(call: Call<typeof claimInput>): Promise<ClaimReply> {
    return this.#run(claim, parseInput(claimInput, this.#addressed({ process: this.#options.process, ...call })));
  }

  #addressed<T extends Addressed>(call: T): T & { namespace: string; commandId: string } {
    return {
      ...field.asObject(call, 'call'),
      namespace: call.namespace ?? this.defaultNamespace,
      commandId: call.commandId ?? this.#options.newCommandId(),
    };
  }

  async #run<Input extends CommandInput, Reply extends { readonly ok: boolean }>(
    command: Command<Input, Reply>,
    input: Input,
  ): Promise<Reply> {
    const ended = this.#options.telemetry?.started(command.name as CommandName, input.namespace);
    try {
      const reply = await this.#judge(command, input);
      ended?.({ ok: reply.ok, ...('reason' in reply && { reason: String(reply.reason) }) });
      return reply;
    } catch (error) {
      ended?.({ ok: false, error });
      throw error;
    }
  }

  async #judge<Input extends CommandInput, Reply>(command: Command<Input, Reply>, input: Input): Promise<Reply> {
    const hash = command.leavesReceipt ? requestHash(command.name, input) : '';
    for (;;) {
      const outcome = await this.#options.storage.transact(command.scope(input), (loaded) =>
        transition(command, input, hash, loaded),
      );
      if (outcome.kind === 'reply') return outcome.reply;
      await this.#workOffClockJump(input.namespace, outcome.after);
    }
  }

  /** Gives every holder a new TTL, page by page, before anybody's lease may be ended. */
  async #workOffClockJump(namespace: string, from: SessionKey | null): Promise<void> {
    let after: SessionKey | null | undefined = from;
    while (after !== undefined) after = (await this.#judge(clockJump, { namespace, after })).next;
  }
}

const addressedInput = z.strictObject({ namespace: field.name, commandId: field.commandId });
const releaseBatchInput = z.strictObject({ calls: z.array(releaseInput).max(LIMITS.batch_max) });

interface Addressed {
  readonly namespace?: string | undefined;
  readonly commandId?: string | undefined;
}
