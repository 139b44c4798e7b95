import { OrchestratorError, type ClaimRecord, type Orchestrator } from '@agent-orchestrator/core';
import type { HeldTask } from './cancel-look.ts';
import { jobEndOf, success, type JobEnd } from './job-end.ts';
import { LeaseCommands } from './lease-commands.ts';
import { keepLease, type Checkpoint, type LeaseKeeper } from './lease-keeper.ts';
import type { LeaseNews } from './lease-news.ts';
import { pause, resend } from './resend.ts';
import type { Instant, Time } from '../system/time.ts';
import { seen } from './thrown.ts';
import { WorkAborted, type Handler, type Work } from './handler.ts';

/** How long the stop of a worker may be on its way, of which a command was stopped by a signal. */
const LATE_STOP_MS = 1_000;

export interface JobOptions {
  readonly orchestrator: Pick<Orchestrator, 'heartbeat' | 'checkpoint'>;
  readonly claim: ClaimRecord;
  /** The clocks before the claim was first sent. */
  readonly since: Instant;
  readonly newCommandId: () => string;
  readonly progressWithinMs: number | undefined;
  readonly time: Time;
  readonly random: (() => number) | undefined;
  /** Aborted when the worker was told to stop. */
  readonly stopping: AbortSignal;
  readonly onNews: (news: LeaseNews) => void;
  readonly onOutage: (error: OrchestratorError, retryInMs: number) => void;
}

/** One handler at work under its lease. */
export class Job {
  readonly #options: JobOptions;
  readonly #keeper: LeaseKeeper;
  readonly #commands: LeaseCommands;
  readonly #abort = new AbortController();
  /** Aborted when the lease is gone, or the handler was left behind. */
  readonly #gone = new AbortController();
  readonly #left = Promise.withResolvers<JobEnd>();
  readonly #ended = new AbortController();
  /** Why the lease is gone. */
  #over: WorkAborted | null = null;

  constructor(options: JobOptions) {
    this.#options = options;
    const { orchestrator, claim, since, progressWithinMs, time, random } = options;
    this.#keeper = keepLease({
      orchestrator,
      lease: claim.lease,
      since,
      onNews: (news) => this.#hear(news),
      time,
      ...(progressWithinMs !== undefined && { progressWithinMs }),
      ...(random !== undefined && { random }),
    });
    this.#commands = new LeaseCommands(claim, this.#keeper);
  }

  get taskId(): string {
    return this.#options.claim.task.id;
  }

  get held(): HeldTask {
    return { taskId: this.taskId, keeper: this.#keeper };
  }

  /** Aborted when the handler has ended, or was left behind. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Runs the handler to its end, or until it is left behind. Afterwards the lease is no longer renewed. */
  async run(handler: Handler): Promise<JobEnd> {
    try {
      return await this.#withoutCommands(await Promise.race([this.#handle(handler), this.#left.promise]));
    } finally {
      this.#gone.abort();
      this.#ended.abort();
      this.#keeper.stop();
    }
  }

  /** What may be alive must not work beside the next holder: then the lease is not released, and ends by its time. */
  async #withoutCommands(end: JobEnd): Promise<JobEnd> {
    const areGone = await this.#commands.end();
    this.#commands.leave({ isLeaseOver: areGone });
    return areGone ? end : null;
  }

  /** The worker stops, and the time for handlers is over. */
  shutDown(): void {
    this.#abort.abort(new WorkAborted('shutdown'));
  }

  /** The handler ignored its signal: its task is given back anyway. From then on its writes are refused. */
  leaveBehind(): void {
    this.#left.resolve(this.#isLost ? null : { outcome: 'released' });
  }

  get #isLost(): boolean {
    return this.#over?.reason === 'lease_lost';
  }

  async #handle(handler: Handler): Promise<JobEnd> {
    try {
      const returned: unknown = handler(this.#work());
      const result = throwsAtLook(returned) ? returned : await returned;
      if (this.#isLost) return null;
      return success(result);
    } catch (error) {
      const end = jobEndOf(error, this.#abort.signal);
      // A question, and a failure that the handler names itself, are what it has to say, whatever was stopped.
      const mayBeStopped = end?.outcome === 'failed' && end.final === undefined;
      const isStopped = mayBeStopped && (await this.#isStoppedWithCommands());
      if (this.#isLost) return null;
      return isStopped ? { outcome: 'released' } : end;
    }
  }

  /**
   * What ends all processes of a service signals the commands of a handler and the worker, in any order. A handler that
   * fails for that has not failed.
   */
  async #isStoppedWithCommands(): Promise<boolean> {
    const { stopping, time } = this.#options;
    if (this.#abort.signal.aborted || !this.#commands.wereStopped) return false;
    if (!stopping.aborted) await pause(LATE_STOP_MS, time, AbortSignal.any([stopping, this.#abort.signal]));
    return stopping.aborted && !this.#abort.signal.aborted;
  }

  #work(): Work {
    const { task, lease, context, takeover } = this.#options.claim;
    return {
      task,
      lease,
      context,
      takeover,
      signal: this.#abort.signal,
      checkpoint: (call) => this.#checkpoint(call),
      progress: (progress) => this.#keeper.progress(progress),
      confirm: () => this.#confirm(),
      start: async (command, options = {}) => {
        await this.#confirm();
        return this.#commands.start(command, options);
      },
    };
  }

  async #checkpoint(call: Omit<Checkpoint, 'commandId'>): Promise<{ readonly turn: number }> {
    const { newCommandId, time, random, onOutage } = this.#options;
    const send = (commandId: string) => this.#keeper.checkpoint({ ...call, commandId });
    const options = { newCommandId, time, random, signal: this.#gone.signal, onOutage };
    const reply = await resend(send, options).catch((error: unknown) => {
      throw this.#over ?? error;
    });
    if (reply.ok) return { turn: reply.turn };
    if (reply.reason === 'lease_lost') throw new WorkAborted('lease_lost', reply);
    throw new OrchestratorError('INVALID_INPUT', `turn is behind the last one that was saved, ${reply.turn}.`, {
      field: 'turn',
    });
  }

  async #confirm(): Promise<void> {
    if (await this.#keeper.confirm()) return;
    throw this.#over ?? new WorkAborted('lease_lost');
  }

  #hear(news: LeaseNews): void {
    this.#options.onNews(news);
    switch (news.is) {
      case 'unsure':
        return this.#commands.pause();
      case 'sure':
        return this.#commands.resume();
      case 'lost':
        return this.#end(new WorkAborted('lease_lost', news.reply));
      case 'expired':
        return this.#end(new WorkAborted('lease_expired'));
      case 'cancel_requested':
        return this.#abort.abort(new WorkAborted('cancel_requested'));
      default:
    }
  }

  #end(why: WorkAborted): void {
    this.#over = why;
    void this.#commands.end();
    this.#abort.abort(why);
    this.#gone.abort();
  }
}

/** Whether it cannot even be asked whether it is a promise. Then it is a result of work that was done. */
function throwsAtLook(returned: unknown): boolean {
  const look = () => {
    void (returned as { readonly then?: unknown } | null | undefined)?.then;
    return true;
  };
  return seen(look) === undefined;
}
