import type { AnyKinds, Evidence } from '@agent-orchestrator/core';
import { findDeadHolders } from '../processes/dead-holders.ts';
import { BackOff } from '../system/back-off.ts';
import { elapsedMs, type Instant } from '../system/time.ts';
import { CancelLook } from './cancel-look.ts';
import { pause } from './resend.ts';
import { WakeUps } from './wake-ups.ts';
import { WorkerClaims, type TakenTask } from './worker-claims.ts';
import { WorkerContext } from './worker-context.ts';
import { checkWorkerOptions, type WorkerOptions } from './worker-options.ts';
import type { StopOptions } from './worker-shutdown.ts';
import { WorkerSlot } from './worker-slot.ts';

/** Claims tasks and runs their handlers, until it is stopped. */
export interface Worker extends AsyncDisposable {
  readonly agent: string;
  readonly instance: string;
  /** How many handlers are at work. */
  readonly busy: number;
  /** Resolves when the worker has stopped; rejects with the error that made it stop by itself. */
  readonly done: Promise<void>;
  /**
   * Stops the worker:
   *
   * 1. It claims nothing more, and handlers may finish within `graceMs`.
   * 2. Their signals are aborted.
   * 3. Five seconds later, tasks that are still unfinished are given back without charge of an attempt.
   *
   * A second call can shorten the time.
   *
   * @returns `done`
   */
  stop(options?: StopOptions): Promise<void>;
}

/** No change announces a lease that becomes stale. So an idle worker looks by itself, less and less often. */
const LOOK_FIRST_MS = 1_000;
const LOOK_LAST_MS = 5_000;
/** Where dead holders can be found, recovery does not have to wait longer than this. */
const LOOK_FOR_DEAD_MS = 1_000;
/** Between two claims that found nothing. */
const BREATH_FIRST_MS = 1;
const BREATH_LAST_MS = 100;

/**
 * Starts a worker. It claims tasks as they come, keeps their leases while their handlers run, and releases them with
 * the result.
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
 * @throws `INVALID_INPUT`, `JOURNAL_UNWRITABLE`; a refusal by the store rejects `done` instead
 */
export function createWorker<Kinds extends AnyKinds>(options: WorkerOptions<Kinds>): Worker {
  checkWorkerOptions(options);
  // Inside, kinds are names: what is typed by kind is for the handler alone.
  return new RunningWorker(options as unknown as WorkerOptions);
}

class RunningWorker implements Worker {
  readonly agent: string;
  readonly instance: string;
  readonly done: Promise<void>;
  readonly #context: WorkerContext;
  readonly #claims: WorkerClaims;
  readonly #slots = new Set<Promise<void>>();
  readonly #wakeUps: WakeUps;
  readonly #look: BackOff;
  readonly #breath: BackOff;
  readonly #findDead: (() => Promise<readonly Evidence[]>) | null;
  #lookedForDeadAt: Instant;
  #unwatch: () => Promise<void> = async () => {};
  #ended = false;
  #failure: { readonly cause: unknown } | null = null;

  constructor(options: WorkerOptions) {
    this.#context = new WorkerContext(options);
    const { instance, time } = this.#context;
    this.agent = options.agent;
    this.instance = instance;
    this.#claims = new WorkerClaims(this.#context);
    this.#wakeUps = new WakeUps(time);
    const { orchestrator, random } = options;
    const isAlone = !orchestrator.capabilities.shared;
    this.#findDead =
      options.findDead ?? (options.findDead === undefined && isAlone ? () => findDeadHolders(orchestrator) : null);
    const lastMs = this.#findDead === null ? LOOK_LAST_MS : LOOK_FOR_DEAD_MS;
    this.#look = new BackOff({ firstMs: LOOK_FIRST_MS, lastMs, random });
    this.#breath = new BackOff({ firstMs: BREATH_FIRST_MS, lastMs: BREATH_LAST_MS, random });
    this.#lookedForDeadAt = time.read();
    this.done = this.#run();
  }

  get busy(): number {
    return this.#slots.size;
  }

  stop(options: StopOptions = {}): Promise<void> {
    if (this.#ended) return this.done;
    this.#context.shutdown.begin(options);
    this.#wakeUps.notify();
    return this.done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(): Promise<void> {
    const { options, journal, shutdown } = this.#context;
    using cancelLook = this.#cancelLook();
    try {
      const watch = () =>
        options.orchestrator.watch(() => {
          this.#wakeUps.notify();
          cancelLook.changed();
        });
      this.#unwatch = await this.#context.resend(watch, shutdown.begun);
      while (!shutdown.begun.aborted) await this.#turn();
    } catch (error) {
      // An outage while the worker stops is not a failure of the worker.
      if (!shutdown.begun.aborted) this.#fail(error);
    }
    await Promise.all(this.#slots);
    this.#ended = true;
    journal?.close();
    shutdown.cancelTimers();
    await this.#unwatch();
    if (this.#failure !== null) throw this.#failure.cause;
  }

  /** One for all handlers, so that looks are not more frequent because there are many. */
  #cancelLook(): CancelLook {
    const { options, jobs, time } = this.#context;
    const held = () => [...jobs].map((job) => job.held);
    return new CancelLook({ orchestrator: options.orchestrator, held, time });
  }

  /** Looks for work once, and waits until the next look can find some. */
  async #turn(): Promise<void> {
    const free = (this.#context.options.concurrency ?? 1) - this.#slots.size;
    this.#wakeUps.reset();
    if (free === 0) return this.#wakeUps.wait(LOOK_LAST_MS);
    const { taken, nextDueAt } = await this.#claims.claim(free);
    for (const task of taken) this.#begin(task);
    if (taken.length > 0) {
      this.#look.reset();
      this.#breath.reset();
    } else if (!(await this.#recoverDead())) await this.#idle(nextDueAt);
  }

  /** @returns whether there may be something to claim now */
  async #recoverDead(): Promise<boolean> {
    const { calls, instance, shutdown, time } = this.#context;
    const now = time.read();
    if (this.#findDead === null || elapsedMs(this.#lookedForDeadAt, now) < LOOK_FOR_DEAD_MS / 2) return false;
    this.#lookedForDeadAt = now;
    const evidence = [...(await this.#context.resend(this.#findDead, shutdown.begun))];
    if (evidence.length === 0) return false;
    const recovery = (commandId: string) => calls.staleRecovery({ agent: this.agent, instance, evidence, commandId });
    const { recovered } = await this.#context.resend(recovery, shutdown.begun);
    return recovered.length > 0;
  }

  async #idle(nextDueAt: number | null): Promise<void> {
    const { shutdown, time } = this.#context;
    const began = time.read();
    const lookMs = this.#look.next();
    // By the authority's clock, which need not be this machine's.
    const dueInMs = nextDueAt === null ? lookMs : Math.max(0, nextDueAt - (await this.#now()));
    await this.#wakeUps.wait(Math.min(lookMs, dueInMs));
    const waitedMs = elapsedMs(began, time.read());
    if (waitedMs >= LOOK_FIRST_MS / 2) this.#breath.reset();
    // Changes that brought no work are answered more and more slowly, so that the store is not flooded with claims.
    const breathMs = this.#breath.next();
    if (waitedMs < breathMs) await pause(breathMs - waitedMs, time, shutdown.begun);
  }

  async #now(): Promise<number> {
    const { options, shutdown } = this.#context;
    return this.#context.resend(() => options.orchestrator.now(), shutdown.begun);
  }

  #begin(taken: TakenTask): void {
    const slot = new WorkerSlot(this.#context, this.#claims)
      .run(taken)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#slots.delete(slot);
        this.#wakeUps.notify();
      });
    this.#slots.add(slot);
  }

  /** A failure that no further attempt can fix. The worker stops as if it was stopped without grace. */
  #fail(cause: unknown): void {
    this.#failure ??= { cause };
    void this.stop({ graceMs: 0 }).catch(() => {});
  }
}
