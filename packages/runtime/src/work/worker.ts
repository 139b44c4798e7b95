import {
  LIMITS,
  OrchestratorError,
  type AnyKinds,
  type ClaimRecord,
  type Evidence,
  type Orchestrator,
  type Released,
  type ReleaseOutcome,
  type TaskStatus,
} from '@agent-orchestrator/core';
import { BackOff } from '../system/back-off.ts';
import { newCommandId } from '../system/command-id.ts';
import { newSeed } from '../system/seed.ts';
import { failure, Job, type JobEnd } from './job.ts';
import { JournaledCalls, type WorkCalls } from './journaled-calls.ts';
import { JournalWriter } from './journal-writer.ts';
import type { LeaseNews } from './lease-keeper.ts';
import { findDeadHolders } from '../processes/dead-holders.ts';
import { pause, resend } from './resend.ts';
import { elapsedMs, systemTime, type Instant, type Time } from '../system/time.ts';
import { WakeUps } from './wake-ups.ts';
import type { Handler } from './handler.ts';

export interface WorkerOptions<Kinds extends AnyKinds = AnyKinds> {
  readonly orchestrator: Orchestrator<Kinds>;
  /** On whose behalf tasks are claimed. */
  readonly agent: string;
  /** This run of the agent; a new UUIDv7 by default. */
  readonly instance?: string;
  /** Roles of the agent: it also gets what waits for one of them. */
  readonly roles?: readonly string[];
  /** Only tasks of these kinds; by default those that have a handler, or any. */
  readonly kinds?: readonly (keyof Kinds & string)[];
  /**
   * How many tasks at once, each of another session; 1 by default. A handler that does not heed its signal keeps its place, and its
   * task is not begun again here before it has ended.
   */
  readonly concurrency?: number;
  readonly ttlMs?: number;
  readonly staleAfterMs?: number;
  /**
   * How long a handler may work without `progress` or `checkpoint` and still have its lease renewed. Given here, it counts from the
   * claim; otherwise it is an hour from the first `progress` on, and a handler that reports none has no bound.
   */
  readonly progressWithinMs?: number;
  /** Takes back first what an earlier run of the agent holds. Only where one worker at a time has this name. */
  readonly resume?: boolean;
  /**
   * Asked about once a second while there is nothing to do: proof that holders are dead. Their sessions are then recovered at once,
   * instead of when their leases are stale. By default `findDeadHolders`, on a store of this machine alone; `null`: nobody is asked.
   */
  readonly findDead?: (() => Promise<readonly Evidence[]>) | null;
  /**
   * A folder for the worker's journal: what it sent and was answered, for `orchestrator journal check`. While it cannot
   * be written, the worker claims nothing, reports an `outage`, and goes on by itself afterwards. No journal by default.
   */
  readonly journal?: string;
  /** For all kinds, or one for each. */
  readonly handler: Handler<Kinds> | HandlersByKind<Kinds>;
  /** Told of everything that a log would want to say. Must not throw. */
  readonly onEvent?: (event: WorkerEvent<Kinds>) => void;
  /** Makes a UUIDv7. */
  readonly newCommandId?: () => string;
  readonly time?: Time;
  /** In [0, 1), for the pauses between attempts. */
  readonly random?: () => number;
}

/** A handler for each kind that the worker is to do. */
export type HandlersByKind<Kinds extends AnyKinds> = { readonly [Kind in keyof Kinds & string]?: Handler<Kinds, Kind> };

/** What a worker has to tell. */
export type WorkerEvent<Kinds extends AnyKinds = AnyKinds> =
  | { readonly is: 'claimed'; readonly claim: ClaimRecord<Kinds> }
  /** How the lease stands. */
  | { readonly is: 'lease'; readonly claim: ClaimRecord<Kinds>; readonly news: LeaseNews }
  /** `status`: of the task, afterwards. A failed attempt with attempts left is `scheduled`, for `runAt`. */
  | {
      readonly is: 'released';
      readonly claim: ClaimRecord<Kinds>;
      readonly outcome: ReleaseOutcome;
      readonly status: TaskStatus;
      readonly runAt: number | null;
    }
  /** The lease was lost before the task could be released: whoever took it goes on with it. */
  | { readonly is: 'lost'; readonly claim: ClaimRecord<Kinds> }
  /**
   * The worker stops and could not release the task, or not journal that it did. If it is not released, it is recovered when its
   * lease is stale.
   */
  | { readonly is: 'left'; readonly claim: ClaimRecord<Kinds>; readonly error: unknown }
  /** The store is away, or busy; or the journal cannot be written. */
  | { readonly is: 'outage'; readonly error: OrchestratorError; readonly retryInMs: number };

export interface StopOptions {
  /** How long handlers may go on undisturbed before their signals are aborted, in milliseconds; 30 seconds by default. */
  readonly graceMs?: number;
}

/** Claims tasks and has them done, until it is stopped. */
export interface Worker extends AsyncDisposable {
  readonly agent: string;
  readonly instance: string;
  /** How many handlers are at work. */
  readonly busy: number;
  /** Resolves when the worker has stopped; rejects with what made it stop by itself. */
  readonly done: Promise<void>;
  /**
   * Claims nothing more, gives handlers their time, then aborts their signals; five seconds later what is left is released all the
   * same. What was not finished is given back, and no attempt is charged. A second call can shorten the time.
   *
   * @returns `done`
   */
  stop(options?: StopOptions): Promise<void>;
}

const GRACE_MS = 30_000;
/** How long handlers have to end after their signals were aborted at shutdown, and then how long an outage is waited out. */
const SETTLE_MS = 5_000;
const GIVE_UP_MS = 5_000;
/** What becomes stale makes no noise: an idle worker looks so often by itself, ever less often. */
const LOOK_FIRST_MS = 1_000;
const LOOK_LAST_MS = 5_000;
/** Where the dead can be told, nobody has to wait longer for them. */
const LOOK_FOR_DEAD_MS = 1_000;
/** Between two claims that found nothing. */
const BREATH_FIRST_MS = 1;
const BREATH_LAST_MS = 100;
/** Taking the next task while releasing the last recovers nothing: so often, a busy worker claims in the other way. */
const PLAIN_CLAIM_EVERY_MS = 10_000;

/**
 * Begins to work: claims tasks as they come, keeps their leases while their handlers run, and releases them with what became of
 * them.
 *
 * ```ts
 * const worker = createWorker({
 *   orchestrator,
 *   agent: 'company-agent',
 *   handler: async ({ task, context, checkpoint, signal }) => {
 *     for (let page = Number(context?.data ?? 0); page < 10; page += 1) {
 *       await translate(task.payload, page, { signal });
 *       await checkpoint({ nextAction: `translate page ${page + 1}`, data: page + 1 });
 *     }
 *     return { pages: 10 };
 *   },
 * });
 * process.once('SIGTERM', () => void worker.stop());
 * await worker.done;
 * ```
 *
 * @throws `INVALID_INPUT`, `JOURNAL_UNWRITABLE`; what only the store can judge, `done` rejects with
 */
export function createWorker<Kinds extends AnyKinds>(options: WorkerOptions<Kinds>): Worker {
  const { concurrency = 1 } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > LIMITS.batch_max)
    throw new OrchestratorError('INVALID_INPUT', `concurrency must be a whole number from 1 to ${LIMITS.batch_max}.`, {
      field: 'concurrency',
    });
  for (const kind of kindsOf(options) ?? []) if (handlerFor(options, kind) === undefined) throw noHandler(kind);
  // Inside, kinds are names: what is typed by kind is for the handler alone.
  return new RunningWorker(options as unknown as WorkerOptions);
}

/** A claim, and the clocks before it was first sent. */
interface Taken {
  readonly claim: ClaimRecord;
  readonly since: Instant;
}

class RunningWorker implements Worker {
  readonly agent: string;
  readonly instance: string;
  readonly done: Promise<void>;
  readonly #options: WorkerOptions;
  readonly #journal: JournalWriter | null;
  /** What is sent on behalf of the agent. */
  readonly #calls: WorkCalls;
  readonly #time: Time;
  readonly #newCommandId: () => string;
  readonly #wakeUps: WakeUps;
  readonly #look: BackOff;
  readonly #breath: BackOff;
  readonly #findDead: (() => Promise<readonly Evidence[]>) | null;
  readonly #stopping = new AbortController();
  readonly #gaveUp = new AbortController();
  readonly #jobs = new Set<Job>();
  readonly #lines = new Set<Promise<void>>();
  readonly #timers: (() => void)[] = [];
  #unwatch: () => Promise<void> = async () => {};
  #resume: boolean;
  #claimedAt: Instant;
  #lookedForDeadAt: Instant;
  #ended = false;
  #failure: { readonly cause: unknown } | null = null;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#time = options.time ?? systemTime;
    this.#newCommandId = options.newCommandId ?? newCommandId;
    this.agent = options.agent;
    this.instance = options.instance ?? this.#newCommandId();
    this.#wakeUps = new WakeUps(this.#time);
    const { orchestrator, journal, random } = options;
    const { agent, instance } = this;
    this.#journal =
      journal === undefined ? null : new JournalWriter({ folder: journal, agent, instance, time: this.#time });
    this.#calls = this.#journal === null ? orchestrator : new JournaledCalls(orchestrator, this.#journal);
    const isAlone = !orchestrator.capabilities.shared;
    this.#findDead =
      options.findDead ?? (options.findDead === undefined && isAlone ? () => findDeadHolders(orchestrator) : null);
    const lastMs = this.#findDead === null ? LOOK_LAST_MS : LOOK_FOR_DEAD_MS;
    this.#look = new BackOff({ firstMs: LOOK_FIRST_MS, lastMs, random });
    this.#breath = new BackOff({ firstMs: BREATH_FIRST_MS, lastMs: BREATH_LAST_MS, random });
    this.#resume = options.resume ?? false;
    this.#claimedAt = this.#time.read();
    this.#lookedForDeadAt = this.#claimedAt;
    this.done = this.#run();
  }

  get busy(): number {
    return this.#lines.size;
  }

  stop({ graceMs = GRACE_MS }: StopOptions = {}): Promise<void> {
    if (this.#ended) return this.done;
    this.#stopping.abort();
    this.#wakeUps.notify();
    this.#after(graceMs, () => {
      for (const job of this.#jobs) job.shutDown();
    });
    this.#after(graceMs + SETTLE_MS, () => {
      for (const job of this.#jobs) job.leaveBehind();
    });
    this.#after(graceMs + SETTLE_MS + GIVE_UP_MS, () => this.#gaveUp.abort());
    return this.done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(): Promise<void> {
    try {
      const watch = () => this.#options.orchestrator.watch(() => this.#wakeUps.notify());
      this.#unwatch = await this.#resend(watch, this.#stopping.signal);
      while (!this.#stopping.signal.aborted) await this.#turn();
    } catch (error) {
      // An outage in the middle of stopping is no failure of the worker's.
      if (!this.#stopping.signal.aborted) this.#fail(error);
    }
    await Promise.all(this.#lines);
    this.#ended = true;
    this.#journal?.close();
    for (const callOff of this.#timers) callOff();
    await this.#unwatch();
    if (this.#failure !== null) throw this.#failure.cause;
  }

  /** One look for work, and the wait until another is worth while. */
  async #turn(): Promise<void> {
    const free = (this.#options.concurrency ?? 1) - this.#lines.size;
    this.#wakeUps.reset();
    if (free === 0) return this.#wakeUps.wait(LOOK_LAST_MS);
    const since = this.#time.read();
    const { claims, nextDueAt } = await this.#claim(free);
    this.#claimedAt = since;
    for (const claim of claims) this.#begin({ claim, since });
    if (claims.length > 0) {
      this.#look.reset();
      this.#breath.reset();
    } else if (!(await this.#recoverDead())) await this.#idle(nextDueAt);
  }

  /** @returns whether there may be something to claim now */
  async #recoverDead(): Promise<boolean> {
    const now = this.#time.read();
    if (this.#findDead === null || elapsedMs(this.#lookedForDeadAt, now) < LOOK_FOR_DEAD_MS / 2) return false;
    this.#lookedForDeadAt = now;
    const evidence = [...(await this.#resend(this.#findDead, this.#stopping.signal))];
    if (evidence.length === 0) return false;
    const command = { agent: this.agent, instance: this.instance, evidence, commandId: this.#newCommandId() };
    const recovery = () => this.#calls.staleRecovery(command);
    return (await this.#resend(recovery, this.#stopping.signal)).recovered.length > 0;
  }

  async #idle(nextDueAt: number | null): Promise<void> {
    const began = this.#time.read();
    const lookMs = this.#look.next();
    // By the authority's clock, which need not be this machine's.
    const dueInMs = nextDueAt === null ? lookMs : Math.max(0, nextDueAt - (await this.#now()));
    await this.#wakeUps.wait(Math.min(lookMs, dueInMs));
    const waitedMs = elapsedMs(began, this.#time.read());
    if (waitedMs >= LOOK_FIRST_MS / 2) this.#breath.reset();
    // Not by hammering: changes that brought nothing are answered ever more slowly.
    const breathMs = this.#breath.next();
    if (waitedMs < breathMs) await pause(breathMs - waitedMs, this.#time, this.#stopping.signal);
  }

  async #now(): Promise<number> {
    return this.#resend(() => this.#options.orchestrator.now(), this.#stopping.signal);
  }

  async #claim(limit: number): Promise<{ claims: readonly ClaimRecord[]; nextDueAt: number | null }> {
    const reply = await this.#sendClaim(limit, this.#resume);
    if (reply.ok) {
      this.#resume &&= reply.claims.some(({ takeover }) => takeover?.reason === 'resumed');
      return { claims: reply.claims, nextDueAt: null };
    }
    // An earlier run may be alive: until that is known, there is other work.
    if (reply.reason === 'busy') return this.#asClaims(await this.#sendClaim(limit, false));
    this.#resume = false;
    return this.#asClaims(reply);
  }

  #asClaims(reply: Awaited<ReturnType<Orchestrator['claimTasks']>>) {
    if (reply.ok) return { claims: reply.claims, nextDueAt: null };
    return { claims: [], nextDueAt: reply.reason === 'no_task' ? reply.nextDueAt : null };
  }

  async #sendClaim(limit: number, resume: boolean) {
    // The same id and seed each time it is sent: an answer that was lost is then given again, tokens included.
    const command = {
      ...this.#terms(),
      instance: this.instance,
      limit,
      resume,
      commandId: this.#newCommandId(),
      seed: newSeed(),
    };
    return this.#resend(() => this.#calls.claimTasks(command), this.#stopping.signal);
  }

  #begin(taken: Taken): void {
    const line = this.#line(taken)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#lines.delete(line);
        this.#wakeUps.notify();
      });
    this.#lines.add(line);
  }

  /** One task after the other: with the release of one, the next is taken in the same transaction. */
  async #line(first: Taken): Promise<void> {
    let taken: Taken | null = first;
    while (taken !== null) {
      const claim: ClaimRecord = taken.claim;
      this.#tell({ is: 'claimed', claim });
      // Taken while the worker was told to stop.
      const ending: JobEnd = this.#stopping.signal.aborted ? { outcome: 'released' } : await this.#work(taken);
      if (ending === null) this.#tell({ is: 'lost', claim });
      taken = ending === null ? null : await this.#release(claim, ending);
    }
  }

  async #work({ claim, since }: Taken): Promise<JobEnd> {
    const { progressWithinMs, random } = this.#options;
    const handle = handlerFor(this.#options, claim.task.kind);
    if (handle === undefined) return failure(noHandler(claim.task.kind));
    // Nobody renews the lease meanwhile; after half of it, others get their chance.
    for (let former = this.#formerOf(claim); former !== undefined; former = this.#formerOf(claim)) {
      const leftMs = claim.lease.ttlMs / 2 - elapsedMs(since, this.#time.read());
      if (leftMs <= 0 || this.#stopping.signal.aborted) return { outcome: 'released', note: STILL_AT_WORK };
      await pause(leftMs, this.#time, AbortSignal.any([former.ended, this.#stopping.signal]));
    }
    const job = new Job({
      orchestrator: this.#calls,
      claim,
      since,
      newCommandId: this.#newCommandId,
      progressWithinMs,
      time: this.#time,
      random,
      onNews: (news) => this.#tell({ is: 'lease', claim, news }),
      onOutage: this.#onOutage,
    });
    this.#jobs.add(job);
    try {
      return await job.run(handle);
    } finally {
      this.#jobs.delete(job);
    }
  }

  /** A handler of ours that has lost its lease of the task, and is at it all the same. */
  #formerOf({ task }: ClaimRecord): Job | undefined {
    return [...this.#jobs].find((job) => job.taskId === task.id && !job.ended.aborted);
  }

  /** @returns what was taken with it */
  async #release(claim: ClaimRecord, ending: NonNullable<JobEnd>): Promise<Taken | null> {
    const since = this.#time.read();
    let said = ending;
    try {
      const reply = await this.#sendRelease(claim, said).catch((error: unknown) => {
        if (!isOfWhatWasGiven(error)) throw error;
        // What the handler gave cannot be stored: that is its failure, and another attempt may give something else.
        said = failure(error);
        return this.#sendRelease(claim, said);
      });
      if (!reply.ok) this.#tell({ is: 'lost', claim });
      else this.#tell({ is: 'released', claim, outcome: said.outcome, status: reply.status, runAt: reply.runAt });
      return reply.ok && reply.next !== null ? { claim: reply.next, since } : null;
    } catch (error) {
      if (!this.#gaveUp.signal.aborted) throw error;
      this.#tell({ is: 'left', claim, error });
      return null;
    }
  }

  async #sendRelease(claim: ClaimRecord, ending: NonNullable<JobEnd>): Promise<Released> {
    const { token } = claim.lease;
    const goesOn =
      !this.#stopping.signal.aborted && elapsedMs(this.#claimedAt, this.#time.read()) < PLAIN_CLAIM_EVERY_MS;
    const command = {
      ...ending,
      token,
      instance: this.instance,
      commandId: this.#newCommandId(),
      seed: newSeed(),
      ...(ending.outcome === 'succeeded' && { kind: claim.task.kind }),
      ...(goesOn && { claimNext: this.#terms() }),
    };
    return this.#resend(() => this.#calls.releaseTask(command), this.#gaveUp.signal);
  }

  #terms() {
    const { agent, roles, ttlMs, staleAfterMs } = this.#options;
    const kinds = kindsOf(this.#options);
    return {
      agent,
      ...(roles !== undefined && { roles: [...roles] }),
      ...(kinds !== undefined && { kinds: [...kinds] }),
      ...(ttlMs !== undefined && { ttlMs }),
      ...(staleAfterMs !== undefined && { staleAfterMs }),
    };
  }

  async #resend<Reply>(send: () => Promise<Reply>, signal: AbortSignal): Promise<Reply> {
    return resend(send, { time: this.#time, random: this.#options.random, signal, onOutage: this.#onOutage });
  }

  readonly #onOutage = (error: OrchestratorError, retryInMs: number): void =>
    this.#tell({ is: 'outage', error, retryInMs });

  /** Something that another attempt would not mend: the worker ends, as if it had been stopped with no time to lose. */
  #fail(cause: unknown): void {
    this.#failure ??= { cause };
    void this.stop({ graceMs: 0 }).catch(() => {});
  }

  #after(ms: number, run: () => void): void {
    this.#timers.push(this.#time.after(ms, run));
  }

  #tell(event: WorkerEvent): void {
    this.#options.onEvent?.(event);
  }
}

const STILL_AT_WORK = 'A handler that lost its lease is still at work on it in the worker that claimed it.';

/** Whether not the store has refused a release, but what the handler gave has: by its rules, or by throwing when it was read. */
function isOfWhatWasGiven(error: unknown): boolean {
  if (!(error instanceof OrchestratorError)) return true;
  return error.code === 'INVALID_INPUT' || error.code === 'LIMIT_EXCEEDED';
}

function kindsOf<Kinds extends AnyKinds>({ kinds, handler }: WorkerOptions<Kinds>): readonly string[] | undefined {
  return kinds ?? (typeof handler === 'function' ? undefined : Object.keys(handler));
}

function handlerFor<Kinds extends AnyKinds>({ handler }: WorkerOptions<Kinds>, kind: string): Handler | undefined {
  // A handler for one kind takes no other, and gets no other.
  if (typeof handler === 'function') return handler as unknown as Handler;
  return Object.hasOwn(handler, kind) ? (handler[kind] as unknown as Handler | undefined) : undefined;
}

function noHandler(kind: string): OrchestratorError {
  return new OrchestratorError('INVALID_INPUT', `handler has none for the kind ${kind}.`, { field: 'handler' });
}
