import type { z } from 'zod';
import {
  cancel,
  checkpoint,
  claim,
  clockJump,
  close,
  enqueue,
  heartbeat,
  recover,
  release,
  retry,
  type cancelInput,
  type CancelReply,
  type checkpointInput,
  type CheckpointReply,
  type claimInput,
  type ClaimRefusal,
  type closeInput,
  type CloseReply,
  type heartbeatInput,
  type HeartbeatReply,
  type LeaseRefusal,
  type newTaskInput,
  type recoverInput,
  type RecoverReply,
  type ReleasedItem,
  type ReleaseInput,
  type releaseInput,
  type releaseItem,
  type retryInput,
  type RetryReply,
} from '../commands/index.ts';
import type { Command, CommandInput } from '../commands/command.ts';
import { execute, requestHash } from '../commands/execute.ts';
import type { CommandName } from '../log/lifecycle.ts';
import { internalError } from '../model/errors.ts';
import { asObject } from '../model/fields.ts';
import { partCommandId } from '../model/ids.ts';
import type { Json } from '../model/json.ts';
import type { ProcessIdentity } from '../model/lease.ts';
import { DEFAULTS } from '../model/limits.ts';
import type { SessionKey } from '../storage/scope.ts';
import type { Storage } from '../storage/storage.ts';
import {
  assertBatch,
  checkCall,
  INPUTS,
  parseTasks,
  type Addressed,
  type CallName,
  type Fill,
  type Seeded,
} from './inputs.ts';
import { KindRegistry, type AnyKinds, type PayloadInput, type ResultInput } from './kinds.ts';
import { OrchestratorReads } from './reads.ts';
import { toClaimRecord, toTaskRecord, type ClaimRecord, type TaskRecord } from './records.ts';
import type { Telemetry } from './telemetry.ts';

/** What an `Orchestrator` works with. */
export interface OrchestratorOptions<Kinds extends AnyKinds = AnyKinds> {
  readonly storage: Storage;
  /** Makes a UUIDv7. Injected: core has no randomness of its own. */
  readonly newCommandId: () => string;
  /** Makes 128 random bits as 32 hex digits, unknown to any other process: the tokens of leases are made of them. */
  readonly newSeed: () => string;
  /** The namespace of calls that name none; `default` without it. */
  readonly namespace?: string;
  /** The kinds of task, with the schemas of their payloads and results. */
  readonly kinds?: Kinds;
  /** The process that holds the leases which this orchestrator claims, if its death proves the holder's. */
  readonly process?: ProcessIdentity;
  readonly telemetry?: Telemetry;
}

/** The fields of a call: what can be filled in may be left out. */
type Call<Schema extends z.ZodType> = Omit<z.input<Schema>, 'namespace' | 'commandId' | 'seed'> & Addressed;

/** The same, for calls that can be granted leases. */
type SeededCall<Schema extends z.ZodType> = Call<Schema> & Seeded;

type NewTask = z.input<typeof newTaskInput>;

/** A task to add; its payload is typed by its kind. */
export type EnqueueTask<Kinds extends AnyKinds = AnyKinds> = {
  [Kind in keyof Kinds & string]: Omit<NewTask, 'kind' | 'payload'> & {
    readonly kind?: Kind;
    readonly payload?: PayloadInput<Kinds, Kind>;
  };
}[keyof Kinds & string];

/** How to end one lease. With `kind`, the result is checked against that kind's schema. */
export type ReleaseTask<Kinds extends AnyKinds = AnyKinds> = {
  [Kind in keyof Kinds & string]: Omit<z.input<typeof releaseItem>, 'result'> & {
    readonly kind?: Kind;
    readonly result?: ResultInput<Kinds, Kind>;
  };
}[keyof Kinds & string];

/** What to claim in the step that ends a lease. */
export type ClaimNext = NonNullable<z.input<typeof releaseInput>['claimNext']>;

/** A task as it is after it was added, or found. */
export interface Enqueued<Kinds extends AnyKinds = AnyKinds> {
  readonly ok: true;
  /** `duplicate`: there was a task with the dedupe key; it is the one in `task`. */
  readonly outcome: 'enqueued' | 'duplicate';
  readonly task: TaskRecord<Kinds>;
}

/** A lease with its task and context; or why there is none. */
export type Claimed<Kinds extends AnyKinds = AnyKinds> = ({ readonly ok: true } & ClaimRecord<Kinds>) | ClaimRefusal;

/** What became of the task, and what was claimed next; or that the lease was lost. */
export type Released<Kinds extends AnyKinds = AnyKinds> =
  | (ReleasedItem & { readonly next: ClaimRecord<Kinds> | null })
  | LeaseRefusal;

/** What became of each task, in the order of the items, and what was claimed next. */
export interface ReleasedBatch<Kinds extends AnyKinds = AnyKinds> {
  /** Whether any lease was ended. */
  readonly ok: boolean;
  readonly items: readonly (ReleasedItem | LeaseRefusal)[];
  readonly next: readonly ClaimRecord<Kinds>[];
}

/** The task, queued again; or why not. */
export type Retried<Kinds extends AnyKinds = AnyKinds> =
  | { readonly ok: true; readonly task: TaskRecord<Kinds> }
  | Exclude<RetryReply, { ok: true }>;

/**
 * The commands, checked and sent to a storage. Lost races are values (`ok: false` with a reason); malformed input and
 * outages throw an `OrchestratorError`. Times are milliseconds since 1970 (UTC), durations milliseconds.
 *
 * Each command that changes something takes a `commandId`, a UUIDv7: a call that is repeated with the same id has its effect
 * once and is answered the same. Without one, the orchestrator makes one.
 *
 * ```ts
 * await using orchestrator = await openOrchestrator('sqlite:/path/to.db');
 * const claimed = await orchestrator.claimTask({ agent: 'company-agent' });
 * if (claimed.ok) {
 *   await orchestrator.releaseTask({ token: claimed.lease.token, outcome: 'succeeded' });
 * }
 * ```
 */
export class Orchestrator<Kinds extends AnyKinds = AnyKinds>
  extends OrchestratorReads<Kinds>
  implements AsyncDisposable
{
  readonly #options: OrchestratorOptions<Kinds>;
  readonly #kinds: KindRegistry;
  readonly #fill: Fill;

  constructor(options: OrchestratorOptions<Kinds>) {
    const namespace = options.namespace ?? DEFAULTS.namespace;
    super(options.storage, namespace);
    const { newCommandId, newSeed, process } = options;
    this.#options = options;
    this.#kinds = new KindRegistry(options.kinds);
    this.#fill = { namespace, newCommandId, newSeed, process };
  }

  /**
   * Checks a call without sending it.
   *
   * @throws what the method of this name would throw for malformed input
   */
  check(name: CallName, call: object): void {
    checkCall(name, call, this.#fill);
  }

  /** Adds one task, opening its session. A task with the same dedupe key is not added again. */
  async enqueueTask(task: EnqueueTask<Kinds> & Addressed): Promise<Enqueued<Kinds>> {
    const input = INPUTS.enqueueTask(namesNumbers([task]) ? await this.#referring(task) : task, this.#fill);
    if (this.#kinds.areDeclared) await this.#checkPayloads(input.tasks, () => 'payload');
    const [enqueued] = (await this.#enqueue(input)).tasks;
    if (enqueued === undefined) throw internalError('A task was added, and the answer does not tell it.');
    return enqueued;
  }

  /** Adds up to 1,000 tasks, all or none; a batch keeps its order where priorities are equal. */
  async enqueueTasks(
    tasks: readonly EnqueueTask<Kinds>[],
    batch: Addressed = {},
  ): Promise<{ readonly ok: true; readonly tasks: readonly Enqueued<Kinds>[] }> {
    const known = namesNumbers(tasks) ? await this.#referringAll(tasks, batch) : tasks;
    const input = INPUTS.enqueueTasks({ ...batch, tasks: known }, this.#fill);
    if (this.#kinds.areDeclared) await this.#checkPayloads(input.tasks);
    return this.#enqueue(input);
  }

  /**
   * Checks whether tasks could be added: throws what `enqueueTasks` would, and writes nothing. For as many as there are, so
   * that work sent in several batches is known to be sound before the first one.
   */
  async checkTasks(tasks: readonly EnqueueTask<Kinds>[]): Promise<void> {
    await this.#checkPayloads(parseTasks(tasks));
  }

  /**
   * Takes a session's lock and marks its head running. With `sessionId`: that session, taken over if its lease has expired.
   * Without: the best head by priority, then age, after recovering a few stale sessions.
   *
   * A call that is repeated with the same `commandId` and `seed` gets the same lease, token included.
   */
  async claimTask(call: Omit<SeededCall<typeof claimInput>, 'limit'>): Promise<Claimed<Kinds>> {
    const reply = await this.#run(
      claim,
      INPUTS.claimTask(namesNumbers([call]) ? await this.#referring(call) : call, this.#fill),
    );
    if (!reply.ok) return reply;
    const [first] = reply.claims;
    return first === undefined
      ? { ok: false, reason: 'no_task', nextDueAt: null }
      : { ok: true, ...toClaimRecord<Kinds>(first) };
  }

  /** Claims up to `limit` heads at once, each of another session, each under a lease of its own. */
  async claimTasks(
    call: SeededCall<typeof claimInput>,
  ): Promise<{ readonly ok: true; readonly claims: readonly ClaimRecord<Kinds>[] } | ClaimRefusal> {
    const reply = await this.#run(
      claim,
      INPUTS.claimTasks(namesNumbers([call]) ? await this.#referring(call) : call, this.#fill),
    );
    return reply.ok ? { ok: true, claims: reply.claims.map((one) => toClaimRecord<Kinds>(one)) } : reply;
  }

  /** Extends the lease and proves life; says whether cancellation was asked. */
  async heartbeat(call: Omit<Call<typeof heartbeatInput>, 'commandId'>): Promise<HeartbeatReply> {
    return this.#run(heartbeat, INPUTS.heartbeat(call, this.#fill));
  }

  /** Saves the context for the next holder (it replaces the last one) and counts as a heartbeat. */
  async checkpoint(call: Call<typeof checkpointInput>): Promise<CheckpointReply> {
    return this.#run(checkpoint, INPUTS.checkpoint(call, this.#fill));
  }

  /** Ends the lease with an outcome; with `claimNext` takes the next head in the same transaction. */
  async releaseTask(
    task: ReleaseTask<Kinds> & Seeded & { readonly claimNext?: Omit<ClaimNext, 'limit'> | undefined },
  ): Promise<Released<Kinds>> {
    const { kind, ...call } = task;
    const input = INPUTS.releaseTask(call, this.#fill);
    // Without a kind nothing is awaited, so that calls of one turn are sent in their order.
    if (kind !== undefined) await this.#checkResults(input.items, [kind], () => 'result');
    const { items, next } = await this.#run(release, input);
    const [item] = items;
    if (item === undefined || item === null)
      throw internalError('A lease was released, and the answer does not tell it.');
    if (!item.ok) return item;
    const [claimed] = next;
    return { ...item, next: claimed === undefined ? null : toClaimRecord<Kinds>(claimed) };
  }

  /**
   * Ends up to 1,000 leases in one transaction, each judged by itself: one that was lost is refused and does not hold up the
   * others. With `claimNext` takes the next heads in the same transaction. Sent again with the same `commandId`, the accepted
   * ones are answered again, and the refused ones are judged anew.
   */
  async releaseTasks(
    items: readonly ReleaseTask<Kinds>[],
    batch: Seeded & { readonly claimNext?: ClaimNext | undefined } = {},
  ): Promise<ReleasedBatch<Kinds>> {
    assertBatch(items, 'items');
    if (items.length === 0) return { ok: false, items: [], next: [] };
    const withKinds = items.map((item, at) => asObject(item, `items[${at}]`));
    const kinds = withKinds.map(({ kind }) => kind);
    const withoutKinds = withKinds.map(({ kind: _kind, ...item }) => item);
    const input = INPUTS.releaseTasks({ ...batch, items: withoutKinds }, this.#fill);
    if (kinds.some((kind) => kind !== undefined)) await this.#checkResults(input.items, kinds);
    return this.#releaseAll(input);
  }

  /** Closes stale leases, and those whose holders `evidence` proves dead; requeues or ends what they held, keeps the context. */
  async staleRecovery(call: Call<typeof recoverInput> = {}): Promise<RecoverReply> {
    return this.#run(recover, INPUTS.staleRecovery(call, this.#fill));
  }

  /** Ends a task that waits; the holder of one that runs learns of it with its next heartbeat. */
  async cancelTask(call: Call<typeof cancelInput>): Promise<CancelReply> {
    return this.#run(cancel, INPUTS.cancelTask(namesNumbers([call]) ? await this.#referring(call) : call, this.#fill));
  }

  /** Queues a dead or cancelled task again; its counters start anew. */
  async retryTask(call: Call<typeof retryInput>): Promise<Retried<Kinds>> {
    const reply = await this.#run(
      retry,
      INPUTS.retryTask(namesNumbers([call]) ? await this.#referring(call) : call, this.#fill),
    );
    return reply.ok ? { ok: true, task: toTaskRecord<Kinds>(reply.task) } : reply;
  }

  /** Closes a session that no agent works on; with `cancelTasks`, cancels what waits in it, page by page. */
  async closeSession(call: Call<typeof closeInput>): Promise<CloseReply> {
    let input = INPUTS.closeSession(namesNumbers([call]) ? await this.#referring(call) : call, this.#fill);
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

  /** The call with ids where it has numbers for people. Only awaited where there are numbers: calls are sent in their order. */
  #referring<T extends object>(call: T): Promise<T> {
    const { namespace } = call as Addressed;
    return this.withIds(call, namespace ?? this.#fill.namespace);
  }

  #referringAll<T extends object>(calls: readonly T[], { namespace }: Addressed): Promise<T[]> {
    return Promise.all(calls.map((call) => this.withIds(call, namespace ?? this.#fill.namespace)));
  }

  async #enqueue(
    input: ReturnType<typeof INPUTS.enqueueTasks>,
  ): Promise<{ readonly ok: true; readonly tasks: readonly Enqueued<Kinds>[] }> {
    const { tasks } = await this.#run(enqueue, input);
    return {
      ok: true,
      tasks: tasks.map(({ task, duplicate }) => ({
        ok: true,
        outcome: duplicate ? 'duplicate' : 'enqueued',
        task: toTaskRecord<Kinds>(task),
      })),
    };
  }

  async #releaseAll(input: ReleaseInput): Promise<ReleasedBatch<Kinds>> {
    const { ok, items, next } = await this.#run(release, input);
    const refusedBefore = input.items.filter((_item, at) => items[at] === null);
    const anew =
      refusedBefore.length === 0 ? [] : (await this.#releaseAll(withoutNext({ ...input, items: refusedBefore }))).items;
    const rest = anew.values();
    return {
      ok: ok || anew.some((item) => item.ok),
      items: items.map((item) => item ?? rest.next().value ?? missingItem()),
      next: next.map((one) => toClaimRecord<Kinds>(one)),
    };
  }

  /** Replaces each payload by what the schema of its kind makes of it. */
  async #checkPayloads(
    tasks: { kind: string; payload: Json }[],
    called = (at: number) => `tasks[${at}].payload`,
  ): Promise<void> {
    await Promise.all(
      tasks.map(async (task, at) => {
        task.payload = (await this.#kinds.check(task.kind, 'payload', task.payload, called(at))) as Json;
      }),
    );
  }

  /** Replaces each result by what the schema of its kind makes of it. */
  async #checkResults(
    items: ReleaseInput['items'],
    kinds: readonly (string | undefined)[],
    called = (at: number) => `items[${at}].result`,
  ): Promise<void> {
    for (const [at, item] of items.entries()) {
      const kind = kinds[at];
      if (kind === undefined || item.outcome !== 'succeeded') continue;
      item.result = (await this.#kinds.check(kind, 'result', item.result ?? null, called(at))) as Json;
    }
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
    const hash = command.receipt === null ? '' : requestHash(command, input);
    for (;;) {
      const outcome = await this.#options.storage.transact(command.scope(input), (loaded) =>
        execute(command, input, hash, loaded),
      );
      if (outcome.kind === 'reply') return outcome.reply;
      await this.#workOffClockJump(input.namespace, outcome.after);
    }
  }

  /** Gives every holder a new TTL, page by page, before any lease may be ended by another process than its holder. */
  async #workOffClockJump(namespace: string, from: SessionKey | null): Promise<void> {
    let after: SessionKey | null | undefined = from;
    while (after !== undefined) after = (await this.#judge(clockJump, { namespace, after })).next;
  }
}

/** Whether a call names a task or a session by its number (`t42`, `s17`). */
function namesNumbers(calls: readonly object[]): boolean {
  if (!Array.isArray(calls)) return false;
  return calls.some((call: { taskId?: unknown; sessionId?: unknown } | null) =>
    [call?.taskId, call?.sessionId].some((reference) => typeof reference === 'string' && /^[ts]\d+$/.test(reference)),
  );
}

/** The command that judges refused items anew: with an id that a repeated call comes to again. */
function withoutNext({ claimNext: _next, seed: _seed, ...input }: ReleaseInput): ReleaseInput {
  return { ...input, commandId: partCommandId(input.commandId, 0) };
}

function missingItem(): never {
  throw internalError('A lease was released, and the answer does not tell it.');
}
