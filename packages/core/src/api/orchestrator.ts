import {
  answer,
  cancel,
  checkpoint,
  claim,
  close,
  drainAgent,
  enqueue,
  heartbeat,
  recover,
  registerAgent,
  release,
  retireAgent,
  retry,
  setAgentKey,
  setAgentPolicy,
  type answerInput,
  type cancelInput,
  type CancelReply,
  type checkpointInput,
  type CheckpointReply,
  type Claim,
  type claimInput,
  type ClaimRefusal,
  type closeInput,
  type CloseReply,
  type endAgentInput,
  type heartbeatInput,
  type HeartbeatReply,
  type recoverInput,
  type RecoverReply,
  type registerAgentInput,
  type ReleaseInput,
  type retryInput,
  type setAgentKeyInput,
  type setAgentPolicyInput,
  type SetAgentPolicyReply,
} from '../commands/index.ts';
import type { Command, CommandInput } from '../commands/command.ts';
import { internalError } from '../model/errors.ts';
import { partCommandId } from '../model/ids.ts';
import type { ProcessIdentity } from '../model/lease.ts';
import { DEFAULTS } from '../model/limits.ts';
import type { Storage } from '../storage/storage.ts';
import type {
  AgentNotFound,
  Answered,
  Call,
  Claimed,
  ClaimNext,
  EndedAgent,
  Enqueued,
  EnqueueTask,
  RegisteredAgent,
  Released,
  ReleasedBatch,
  ReleaseTask,
  Retried,
  SeededCall,
} from './calls.ts';
import { CommandRunner } from './command-runner.ts';
import {
  INPUTS,
  parseTasks,
  payloadsOf,
  prepareCall,
  throwForOne,
  whole,
  withoutNext,
  type Addressed,
  type CallName,
  type Fill,
  type Prepared,
  type Seeded,
  type Machine,
} from './inputs.ts';
import { KindRegistry, type AnyKinds, type ValueOfKind } from './kinds.ts';
import { OrchestratorReads } from './reads.ts';
import { namesNumbers, withIdsIn, withOwnParts } from './references.ts';
import { hasRelated, relatedResults } from './related-results.ts';
import { toAgentRecord, toClaimRecord, withAgentRecord, toTaskRecord, type ClaimRecord } from './records.ts';
import { reviewTask, type ReviewCall, type ReviewedNow } from './review-task.ts';
import { Observer, type Telemetry } from './telemetry.ts';

/** The options of an `Orchestrator`. */
export interface OrchestratorOptions<Kinds extends AnyKinds = AnyKinds> {
  readonly storage: Storage;
  /** Makes a UUIDv7. Injected: core has no randomness of its own. */
  readonly newCommandId: () => string;
  /** Makes 128 random bits as 32 hex digits, unknown to any other process: the tokens of leases are made from them. */
  readonly newSeed: () => string;
  /** The namespace of calls that name none; default: `default`. */
  readonly namespace?: string;
  /** The kinds of task, with the schemas of their payloads and results. */
  readonly kinds?: Kinds;
  /** The process that holds the leases of this orchestrator, if its death proves that the holder is dead. */
  readonly process?: ProcessIdentity;
  /**
   * The machine of this process. Evidence that a holder is dead counts only for holders of the same machine, since the
   * same start; null: for none. Without this option the caller answers for it.
   */
  readonly machine?: Machine | null;
  readonly telemetry?: Telemetry;
}

/**
 * Checks commands and sends them to a storage. A lost race is a value (`ok: false` with a reason). Malformed input and
 * outages throw an `OrchestratorError`. Times are milliseconds since 1970 (UTC), durations milliseconds.
 *
 * Each command that changes something takes a `commandId`, a UUIDv7, as its idempotency key: a retry with the same id
 * has no second effect and gets the same answer. Without one, the orchestrator makes one. A call that can be granted a
 * lease takes a `seed` with it, which the retry repeats too: the token is made of it.
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
  readonly #observer: Observer | null;
  readonly #runner: CommandRunner;

  constructor(options: OrchestratorOptions<Kinds>) {
    const namespace = options.namespace ?? DEFAULTS.namespace;
    super(options.storage, namespace);
    const { newCommandId, newSeed, process, machine } = options;
    this.#options = options;
    this.#observer = options.telemetry === undefined ? null : new Observer(options.telemetry);
    this.#runner = new CommandRunner(options.storage, this.#observer);
    this.#kinds = new KindRegistry(options.kinds);
    this.#fill = { namespace, newCommandId, newSeed, process, machine };
  }

  /**
   * Checks a call without sending it. The arguments of a method with two are one object: `{ tasks, ...batch }`,
   * `{ items, ...batch }`. The store is not asked, so a task or session that does not exist is no mistake here.
   *
   * @throws what the method of this name would throw for malformed input
   */
  async check(name: CallName, call: object): Promise<void> {
    await this.#kinds.check(prepareCall(name, call, this.#fill).values());
  }

  /** Adds one task and opens its session. While another task holds its dedupe key, it is not added. */
  async enqueueTask(task: EnqueueTask<Kinds> & Addressed): Promise<Enqueued<Kinds>> {
    const [enqueued] = (await this.#enqueue(INPUTS.enqueueTask(task, this.#fill)).catch(throwForOne)).tasks;
    if (enqueued === undefined) throw internalError('A task was added, but the answer does not contain it.');
    return enqueued;
  }

  /** Adds up to 1,000 tasks, all or none; a batch keeps its order where priorities are equal. */
  async enqueueTasks(
    tasks: readonly EnqueueTask<Kinds>[],
    batch: Addressed = {},
  ): Promise<{ readonly ok: true; readonly tasks: readonly Enqueued<Kinds>[] }> {
    return this.#enqueue(INPUTS.enqueueTasks({ ...batch, tasks }, this.#fill));
  }

  /**
   * Checks whether tasks could be added: throws what `enqueueTasks` would throw, and writes nothing. Takes any number
   * of tasks, so that several batches can be checked before the first is sent.
   */
  async checkTasks(tasks: readonly EnqueueTask<Kinds>[]): Promise<void> {
    await this.#kinds.check(payloadsOf(parseTasks(tasks)));
  }

  /**
   * Grants the lease of a session, with its head as the running task. With `sessionId`: of that session, taken over if
   * its lease has expired. Without: of the session with the best head by priority, then age, after recovering a few
   * stale sessions.
   *
   * A call that is repeated with the same `commandId` and `seed` gets the same lease, token included.
   */
  async claimTask(call: Omit<SeededCall<typeof claimInput>, 'limit'>): Promise<Claimed<Kinds>> {
    const reply = await this.#send(claim, INPUTS.claimTask(call, this.#fill));
    if (!reply.ok) return reply;
    const [first] = reply.claims;
    return first === undefined
      ? { ok: false, reason: 'no_task', nextDueAt: null }
      : { ok: true, ...(await this.#claimRecord(first)) };
  }

  /** Claims up to `limit` heads at once, each of a different session and under a lease of its own. */
  async claimTasks(
    call: SeededCall<typeof claimInput>,
  ): Promise<{ readonly ok: true; readonly claims: readonly ClaimRecord<Kinds>[] } | ClaimRefusal> {
    const reply = await this.#send(claim, INPUTS.claimTasks(call, this.#fill));
    return reply.ok ? { ok: true, claims: await this.#claimRecords(reply.claims) } : reply;
  }

  /** Extends the lease as a proof of life; answers whether cancellation was requested. */
  async heartbeat(call: Omit<Call<typeof heartbeatInput>, 'commandId'>): Promise<HeartbeatReply> {
    return this.#send(heartbeat, INPUTS.heartbeat(call, this.#fill));
  }

  /** Saves the context for the next holder, replacing the last one; counts as a heartbeat. */
  async checkpoint(call: Call<typeof checkpointInput>): Promise<CheckpointReply> {
    return this.#send(checkpoint, INPUTS.checkpoint(call, this.#fill));
  }

  /** Ends the lease with an outcome; with `claimNext` claims the next head in the same transaction. */
  async releaseTask(
    task: ReleaseTask<Kinds> & Seeded & { readonly claimNext?: Omit<ClaimNext, 'limit'> | undefined },
  ): Promise<Released<Kinds>> {
    const { items, next } = await this.#send(release, INPUTS.releaseTask(task, this.#fill)).catch(throwForOne);
    const item = items[0] ?? missingItem();
    if (!item.ok) return item;
    const [claimed] = next;
    return { ...item, next: claimed === undefined ? null : await this.#claimRecord(claimed) };
  }

  /**
   * Ends up to 1,000 leases in one transaction. Each item is decided by itself: a lost lease is refused and does not
   * affect the others. With `claimNext` claims the next heads in the same transaction. In a retry with the same
   * `commandId`, accepted items get the same answer, and refused items are decided again.
   */
  async releaseTasks(
    items: readonly ReleaseTask<Kinds>[],
    batch: Seeded & { readonly claimNext?: ClaimNext | undefined } = {},
  ): Promise<ReleasedBatch<Kinds>> {
    return this.#releaseAll(INPUTS.releaseTasks({ ...batch, items }, this.#fill));
  }

  /**
   * Ends stale leases, and those whose holders `evidence` proves dead. Requeues or ends their tasks, keeps the context.
   */
  async staleRecovery(call: Call<typeof recoverInput> = {}): Promise<RecoverReply> {
    return this.#send(recover, INPUTS.staleRecovery(call, this.#fill));
  }

  /** Cancels a waiting task; if the task runs, the next heartbeat tells its holder to stop. */
  async cancelTask(call: Call<typeof cancelInput>): Promise<CancelReply> {
    return this.#send(cancel, INPUTS.cancelTask(call, this.#fill));
  }

  /**
   * Queues a failed or cancelled task again; its counters start from zero. Not while another task holds its dedupe key.
   */
  async retryTask(call: Call<typeof retryInput>): Promise<Retried<Kinds>> {
    const reply = await this.#send(retry, INPUTS.retryTask(call, this.#fill));
    return 'task' in reply ? { ...reply, task: toTaskRecord<Kinds>(reply.task) } : reply;
  }

  /**
   * Answers the question of a waiting task, which is queued again in its old place. The next holder gets the answer.
   * With `askedAt`, only the question that was asked at that time.
   */
  async answerTask(call: Call<typeof answerInput>): Promise<Answered<Kinds>> {
    const reply = await this.#send(answer, INPUTS.answerTask(call, this.#fill));
    return reply.ok ? { ok: true, task: toTaskRecord<Kinds>(reply.task) } : reply;
  }

  /** Closes a session that no agent holds; with `cancelTasks`, cancels its waiting tasks, page by page. */
  async closeSession(call: Call<typeof closeInput>): Promise<CloseReply> {
    let { input } = INPUTS.closeSession(call, this.#fill);
    let cancelled = 0;
    for (;;) {
      const reply = await this.#send(close, whole(input));
      if (!reply.ok) return reply;
      cancelled += reply.cancelled;
      if (!reply.more) return { ...reply, cancelled };
      // Each page is a command of its own, with an id that a retry of the call makes again.
      input = { ...input, commandId: partCommandId(input.commandId, 0) };
    }
  }

  /**
   * The short way of a reviewer: claims an open review of the task, and ends it with the verdict. Without roles, the
   * agent says that it has the one that the review asks for.
   */
  async reviewTask(call: ReviewCall): Promise<ReviewedNow> {
    return reviewTask(this, call);
  }

  /** Registers an agent, or changes its entry of the registry. One that drains or is retired becomes active again. */
  async registerAgent(call: Call<typeof registerAgentInput>): Promise<RegisteredAgent> {
    const { agent } = await this.#send(registerAgent, INPUTS.registerAgent(call, this.#fill));
    return { ok: true, agent: toAgentRecord(agent) };
  }

  /** Lets an agent claim nothing more; what it holds it may finish. */
  async drainAgent(call: Call<typeof endAgentInput>): Promise<EndedAgent> {
    return withAgentRecord(await this.#send(drainAgent, INPUTS.drainAgent(call, this.#fill)));
  }

  /** Retires the name of an agent: no claim under it is granted until it is registered again. */
  async retireAgent(call: Call<typeof endAgentInput>): Promise<EndedAgent> {
    return withAgentRecord(await this.#send(retireAgent, INPUTS.retireAgent(call, this.#fill)));
  }

  /** Sets or revokes (null) the key that the verdicts of a registered agent are signed with. */
  async setAgentKey(call: Call<typeof setAgentKeyInput>): Promise<RegisteredAgent | AgentNotFound> {
    return withAgentRecord(await this.#send(setAgentKey, INPUTS.setAgentKey(call, this.#fill)));
  }

  /** Sets which names may claim in a namespace (`any`, or `registered_only`), and whose verdicts must be signed. */
  async setAgentPolicy(call: Call<typeof setAgentPolicyInput>): Promise<SetAgentPolicyReply> {
    return this.#send(setAgentPolicy, INPUTS.setAgentPolicy(call, this.#fill));
  }

  /** Closes the storage, and tells the telemetry. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.storage.close();
    this.#observer?.closed();
  }

  /**
   * Sends a call that was prepared, with ids where it has numbers for people. Most calls have nothing to wait for
   * before: those of one turn are sent in their order, and each wait would cost a promise.
   */
  #send<Input extends CommandInput, Reply extends { readonly ok: boolean }>(
    command: Command<Input, Reply>,
    prepared: Prepared<Input>,
    asked = this.#asAsked(prepared),
  ): Promise<Reply> {
    const { input } = prepared;
    const ofKinds = this.#valuesIn(prepared);
    const send = () =>
      namesNumbers(input) ? this.#sendNumbered(command, input, asked) : this.#runner.run(command, input, asked);
    return ofKinds.length === 0 ? send() : this.#kinds.check(ofKinds).then(send);
  }

  #valuesIn({ values }: Prepared<unknown>): readonly ValueOfKind[] {
    return this.#kinds.areDeclared ? values() : [];
  }

  /** A schema may make another value each time (an id, the time). What was asked for stays the same request. */
  #asAsked<Input extends CommandInput>(prepared: Prepared<Input>): Input {
    return this.#valuesIn(prepared).length === 0 ? prepared.input : withOwnParts(prepared.input);
  }

  async #sendNumbered<Input extends CommandInput, Reply extends { readonly ok: boolean }>(
    command: Command<Input, Reply>,
    input: Input,
    asked: Input,
  ): Promise<Reply> {
    const known = <Part extends object>(part: Part) => this.withIds(part, input.namespace);
    const withIds = await withIdsIn(input, known);
    return this.#runner.run(command, withIds, asked === input ? withIds : await withIdsIn(asked, known));
  }

  async #enqueue(
    prepared: ReturnType<typeof INPUTS.enqueueTasks>,
  ): Promise<{ readonly ok: true; readonly tasks: readonly Enqueued<Kinds>[] }> {
    const { tasks } = await this.#send(enqueue, prepared);
    return {
      ok: true,
      tasks: tasks.map(({ task, duplicate }) => ({
        ok: true,
        outcome: duplicate ? 'duplicate' : 'enqueued',
        task: toTaskRecord<Kinds>(task),
      })),
    };
  }

  async #releaseAll(prepared: Prepared<ReleaseInput>, asked = this.#asAsked(prepared)): Promise<ReleasedBatch<Kinds>> {
    const { ok, items, next } = await this.#send(release, prepared, asked);
    const refusedBefore = (all: ReleaseInput): ReleaseInput =>
      withoutNext({ ...all, items: all.items.filter((_item, at) => items[at] === null) });
    const again = refusedBefore(prepared.input);
    const askedAgain = asked === prepared.input ? again : refusedBefore(asked);
    const anew = again.items.length === 0 ? [] : (await this.#releaseAll(whole(again), askedAgain)).items;
    const rest = anew.values();
    return {
      ok: ok || anew.some((item) => item.ok),
      items: items.map((item) => item ?? rest.next().value ?? missingItem()),
      next: await this.#claimRecords(next),
    };
  }

  /**
   * A holder is given the results that its task builds on, a reviewer what it has to judge. Most tasks depend on
   * nothing and have no sub-tasks: nothing is read for them.
   */
  async #claimRecord(claim: Claim): Promise<ClaimRecord<Kinds>> {
    const { task, hasSubtasks = false } = claim;
    const related = hasRelated(claim) ? await relatedResults(this.#options.storage.read, task, hasSubtasks) : {};
    const record = toClaimRecord<Kinds>(claim, related);
    const reviewed = task.reviewOf === null ? null : await this.getReviewed(record.task);
    return reviewed === null ? record : { ...record, reviewed };
  }

  #claimRecords(claims: readonly Claim[]): Promise<ClaimRecord<Kinds>[]> {
    return Promise.all(claims.map((claim) => this.#claimRecord(claim)));
  }
}

function missingItem(): never {
  throw internalError('A lease was released, but the answer does not contain it.');
}
