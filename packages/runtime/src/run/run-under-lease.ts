import { setTimeout as pause } from 'node:timers/promises';
import type { LeaseRefusal, Released } from '@agent-orchestrator/core';
import { endedBy, type ExitSignal } from '../processes/exit-signals.ts';
import type { CommandExit } from '../processes/keeper.ts';
import { newCommandId } from '../system/command-id.ts';
import { messageOf } from '../text/message-of.ts';
import { CancelLook } from '../work/cancel-look.ts';
import { keepLease, type LeaseKeeper } from '../work/lease-keeper.ts';
import type { LeaseNews } from '../work/lease-news.ts';
import { isRetryable, RenewableId } from '../work/resend.ts';
import { elapsedMs, systemTime, type Instant } from '../system/time.ts';
import { ExpectedFiles } from './artifacts.ts';
import { CallsInTurn } from './calls-in-turn.ts';
import { CommandProcess, sharesOwnGroup, StartError } from '../processes/command-process.ts';
import { commandEnvironment } from './command-environment.ts';
import { FailedTries } from './failed-tries.ts';
import { runHook } from './hook.ts';
import { KeptOutput } from './kept-output.ts';
import { KeyProbe } from './key-probe.ts';
import { LeaseFiles } from '../processes/lease-files.ts';
import { removeLeftFiles } from '../processes/left-files.ts';
import { isHoldersRelease, reportOf, withoutLease, type Report } from './report.ts';
import type { RunOptions } from './run-options.ts';
import type { RunReason, RunResult } from './run-result.ts';
import { Suspension } from './suspension.ts';
import { within } from './within.ts';
import { hearSignals, lateLooks, mayBeKey, type Interruption } from './wrapper-signals.ts';

/**
 * Runs a command under a lease, and releases the lease with the command's outcome.
 *
 * The lease is kept for as long as the command is alive. While it is in doubt whether the lease is held, the command
 * and everything that it has started are paused. When the lease is lost, they are ended. The exit code of the command
 * decides the outcome of the task. If something else ended the command, the task is given back.
 */
export async function runUnderLease(options: RunOptions): Promise<RunResult> {
  return new Run(options).perform();
}

/** A release that failed is tried again after this time. */
const AGAIN_MS = 250;
/** If the store was unreachable until the lease was over, the release is tried once more, for this time. */
const LAST_WORD_MS = 1_000;
/** A command that fails in any way within this time after the terminal's Ctrl-C failed because of it. */
const INTERRUPT_EFFECT_MS = 10_000;
/** How often it is looked whether what ended the command has reached us, too. */
const LATE_LOOK_MS = 10;

const NOT_STARTED: CommandExit = { code: null, signal: null };

/** Why this process ends the command. */
type ExitReason = Extract<
  RunReason,
  'timed_out' | 'cancelled' | 'lease_lost' | 'store_unreachable' | 'store_moved' | 'may_be_alive'
>;

class Run {
  readonly #options: RunOptions;
  readonly #calls: CallsInTurn;
  readonly #keeper: LeaseKeeper;
  readonly #cancelLook: CancelLook;
  readonly #suspension = new Suspension({ sharesGroup: sharesOwnGroup(), onContinue: () => this.#continue() });
  readonly #files: ExpectedFiles;
  #command: CommandProcess | null = null;
  /** Only for a command in our group. */
  readonly #keyProbe = sharesOwnGroup() && process.platform !== 'win32' ? new KeyProbe() : null;
  #env: NodeJS.ProcessEnv = {};
  /** The first reason counts. */
  #exit: { readonly reason: ExitReason; readonly done: Promise<void> } | null = null;
  #interruption: Interruption | null = null;
  #lost: LeaseRefusal | null = null;
  /** Why the lease could not be renewed before it was over. */
  #expiry: 'store_unreachable' | 'store_moved' = 'store_unreachable';
  #renewedAt: Instant;
  #startedAt: number | null = null;
  #endedAt: number | null = null;

  constructor(options: RunOptions) {
    const { orchestrator, claim, namespace, since, interruptedBy } = options;
    this.#options = options;
    this.#files = new ExpectedFiles(options.artifacts);
    this.#calls = new CallsInTurn(orchestrator, claim.lease.ttlMs);
    this.#renewedAt = since;
    if (interruptedBy !== undefined) this.#interruption = { signal: interruptedBy, at: since, counts: false };
    this.#keeper = keepLease({
      orchestrator: this.#calls,
      lease: claim.lease,
      namespace,
      since,
      isAlive: () => this.#isBusy || (this.#command?.checkAlive() ?? true),
      onNews: (news) => this.#hear(news),
    });
    const held = [{ taskId: claim.task.id, keeper: this.#keeper }];
    this.#cancelLook = new CancelLook({ orchestrator: this.#calls, namespace, held: () => held, repeat: true });
  }

  /**
   * While this process ends the command, or what it started, they still work under the lease. What the command left is
   * read under it, too.
   */
  get #isBusy(): boolean {
    return this.#exit !== null || this.#interruption?.counts === true || this.#files.areRead;
  }

  async perform(): Promise<RunResult> {
    const stopHearing = hearSignals({
      onEnd: (signal) => this.#interrupt(signal),
      onPassed: (signal) => this.#command?.signal(signal),
      onSuspend: () => this.#suspension.begin(),
      onContinue: () => this.#continue(),
    });
    try {
      return await this.#performWithFiles();
    } catch (error) {
      if (this.#command !== null) throw error;
      return await this.#report(error instanceof StartError ? error.why : 'not_started', NOT_STARTED, messageOf(error));
    } finally {
      this.#stopKeeping();
      stopHearing();
      this.#keyProbe?.[Symbol.dispose]();
    }
  }

  async #performWithFiles(): Promise<RunResult> {
    removeLeftFiles();
    using files = new LeaseFiles(this.#options.claim.lease);
    using kept = this.#options.quietUnlessFailed ? new KeptOutput(files) : null;
    this.#env = commandEnvironment(this.#options, files);
    const result = await this.#perform(files, kept);
    if (kept !== null && (result.reason !== 'ended' || result.code !== 0)) await kept.show();
    return result;
  }

  /** Before the release, which must not wait for a look that gets no answer. */
  #stopKeeping(): void {
    this.#keeper.stop();
    this.#cancelLook[Symbol.dispose]();
  }

  async #perform(files: LeaseFiles, kept: KeptOutput | null): Promise<RunResult> {
    const { command: words, claim, timeoutMs } = this.#options;
    const isHeld = await this.#keeper.confirm();
    if (!isHeld || this.#interruption !== null) return await this.#conclude(NOT_STARTED);

    const { ttlMs, staleAfterMs } = claim.lease;
    const start = CommandProcess.start(words, {
      lease: claim.lease,
      silentMs: Math.max(ttlMs, staleAfterMs),
      env: this.#env,
      stdio: kept?.stdio ?? ['inherit', 'inherit', 'inherit'],
      hasOwnGroup: !sharesOwnGroup(),
      descriptors: this.#options.descriptors,
    });
    const command = await this.#suspension.starting(start);
    this.#command = command;
    this.#startedAt = Date.now();
    if (command.group !== null) {
      void this.#keeper.tellGroup(command.group);
      files.tellGroup(command.group);
    }
    this.#catchUp(command);
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => this.#end('timed_out'), timeoutMs);
    const end = await command.ended;
    this.#endedAt = Date.now();
    clearTimeout(timer);
    // Then the command may still be alive, and nothing would tell when it ends.
    if (command.isLost) this.#exit ??= { reason: 'may_be_alive', done: command.terminate() };
    await this.#exit?.done;
    if (this.#exit === null) await this.#hearLateSignal(end);
    const isGivenBack = this.#exit === null && this.#isInterrupted(end);
    // What it started and what has not ended must not work beside the next holder.
    if (isGivenBack) await command.terminate();
    const wasEnded = this.#exit !== null || isGivenBack;
    const result = wasEnded && command.mayBeLeft ? this.#withoutProof(end) : await this.#conclude(end);
    command.leave({ isLeaseOver: result.status !== null || result.lost !== null });
    return result;
  }

  /** The next holder must not work beside what is left: so the lease is not released, and ends by its time. */
  #withoutProof(end: CommandExit): RunResult {
    this.#stopKeeping();
    return this.#result(this.#lost === null ? 'may_be_alive' : this.#reasonFor(end), end);
  }

  /**
   * A terminal sends its key to the command and to us at once, and so does what ends all processes of a service. But
   * ours may be handled later than the end of the command: it may be sent after the command's, the system gives it to
   * another thread of ours while a process is started, and of what has happened at once, Node handles signals last.
   *
   * A command that has taken the terminal, or has one of its own, gets the key alone. Then its end has to say so.
   */
  async #hearLateSignal(end: CommandExit): Promise<void> {
    const signal = endedBy(end);
    if (this.#keyProbe !== null && (signal === 'SIGINT' || signal === 'SIGQUIT'))
      this.#interruption ??= { signal, at: systemTime.read(), counts: true };
    for (let looks = lateLooks(end); this.#interruption === null && looks > 0; looks -= 1) await pause(LATE_LOOK_MS);
  }

  /** The command must also get the signals and news that arrived while it was being started. */
  #catchUp(command: CommandProcess): void {
    const { trust, cancelRequested } = this.#keeper;
    const handsOff = this.#options.onLost === 'warn';
    if (trust === 'unsure' && !handsOff) command.pause('doubt');
    if (trust === 'lost' && !handsOff) this.#end('lease_lost');
    if (trust === 'expired' && !handsOff) this.#end(this.#expiry);
    if (cancelRequested) this.#end('cancelled');
    if (this.#interruption !== null) this.#passOn(this.#interruption);
  }

  #hear(news: LeaseNews): void {
    const handsOff = this.#options.onLost === 'warn';
    // A command that was asked to end must not be stopped: it could not handle the signal.
    const mayPause = !handsOff && this.#exit === null && this.#command?.isAlive;
    switch (news.is) {
      case 'renewed':
        this.#renewedAt = systemTime.read();
        return;
      case 'unsure':
        if (!mayPause) return;
        this.#command?.pause('doubt');
        this.#options.onNews({ is: 'paused' });
        return;
      case 'sure':
        if (this.#command?.resume('doubt')) this.#options.onNews({ is: 'resumed' });
        return;
      case 'cancel_requested':
        this.#options.onNews({ is: 'cancel_requested' });
        this.#end('cancelled');
        return;
      case 'lost':
        this.#lost = news.reply;
        this.#files.stop('the lease is over');
        // The command, or another process with its token, has released the task. So the command may continue.
        if (isHoldersRelease(news.reply)) return void this.#command?.resume('doubt');
        this.#options.onNews({ is: 'lost', reply: news.reply });
        if (!handsOff) this.#end('lease_lost');
        return;
      case 'expired':
        if (news.error !== null) this.#expiry = 'store_moved';
        this.#files.stop('the lease is over');
        this.#options.onNews(news);
        if (!handsOff) this.#end(this.#expiry);
        return;
      case 'renewal_failed':
      case 'withheld':
        // The keeper tries again, and reports when the lease is in doubt.
        return;
    }
  }

  /** Ends the command, unless that has begun already. */
  #end(reason: ExitReason): void {
    const command = this.#command;
    if (this.#exit !== null || command === null || !command.isAlive) return;
    if (reason === 'timed_out') this.#options.onNews({ is: 'timed_out' });
    this.#exit = { reason, done: this.#terminate(command, reason) };
  }

  async #terminate(command: CommandProcess, reason: ExitReason): Promise<void> {
    const { onLost } = this.#options;
    if (typeof onLost === 'object' && (reason === 'lease_lost' || reason === this.#expiry)) {
      command.pause('hook');
      const problem = await runHook(onLost.exec, { ...this.#env, ORCHESTRATOR_PID: String(command.pid) });
      if (problem !== null) this.#options.onNews({ is: 'hook_failed', message: problem });
    }
    await command.terminate();
  }

  #interrupt(signal: ExitSignal): void {
    const counts = this.#interruption?.counts ?? false;
    this.#interruption = { signal, at: systemTime.read(), counts };
    this.#options.onNews({ is: 'signalled', signal });
    this.#files.stop(`${signal} stopped the reading`);
    if (this.#command !== null) this.#passOn(this.#interruption);
  }

  #passOn(interruption: Interruption): void {
    const { signal } = interruption;
    const pass = () => {
      interruption.counts = true;
      this.#command?.signalAwake(signal);
    };
    if (!this.#command?.sharesGroup || !mayBeKey(signal)) return pass();
    this.#command.wake();
    void this.#keyProbe?.ifNoKey(() => this.#command?.isAlive && pass());
  }

  /** Checks the lease before the command continues: the stop may have been long. */
  #continue(): void {
    void this.#keeper.trust;
    this.#suspension.end();
  }

  /** Releases the lease with the outcome of the run. */
  async #conclude(end: CommandExit): Promise<RunResult> {
    const reason = this.#reasonFor(end);
    if (reason === 'ended' && end.code === 0) {
      const reading = this.#files.read();
      if (this.#keeper.trust === 'expired') this.#files.stop('the lease is over');
      await reading;
    }
    this.#stopKeeping();
    return this.#lost === null ? this.#report(reason, end) : this.#result(this.#reasonFor(end), end);
  }

  #reasonFor(end: CommandExit): RunReason {
    // Where the lease is over, nothing waits for a proof any more.
    const exit = this.#exit?.reason === 'may_be_alive' ? undefined : this.#exit?.reason;
    const ended = exit ?? (this.#isInterrupted(end) ? 'interrupted' : 'ended');
    if (this.#lost !== null) return withoutLease(this.#lost, ended);
    return this.#command === null && this.#keeper.trust === 'expired' ? this.#expiry : ended;
  }

  #isInterrupted(end: CommandExit): boolean {
    const interruption = this.#interruption;
    if (interruption === null) return false;
    // A command may ignore Ctrl-C, as an editor or a shell does. One that ends by it may have much to put in order.
    const isAtOnce = end.code !== 0 && elapsedMs(interruption.at, systemTime.read()) < INTERRUPT_EFFECT_MS;
    const isEffect = isAtOnce || endedBy(end) !== null;
    // Once it counts, it does so however long the rest takes to end.
    return (interruption.counts ||= this.#command === null || isEffect);
  }

  /** Reports the outcome of the task to the store. */
  async #report(reason: RunReason, end: CommandExit, message: string | null = null): Promise<RunResult> {
    const { timeoutMs } = this.#options;
    const { left } = this.#files;
    const report = reportOf(reason, end, { left, signal: this.#interruption?.signal, timeoutMs, message });
    this.#stopKeeping();
    const tries = new FailedTries();
    try {
      const release = this.#release(report, tries);
      const reply = await (reason === this.#expiry ? within(LAST_WORD_MS, release) : release);
      if (!reply.ok) {
        this.#lost = reply;
        return this.#result(withoutLease(reply, reason), end, { message });
      }
      const { repeated, status, runAt } = reply;
      if (repeated && reason === 'ended') return this.#result('released_by_command', end, { status, runAt });
      return this.#result(reason, end, { message, status, runAt, outcome: report.outcome });
    } catch (error) {
      tries.add(error);
      const { reason: why, outcomeUnknown } = tries;
      return this.#result(why, end, { message: tries.message, outcomeUnknown });
    }
  }

  /**
   * Tries until the lease is over.
   *
   * @param tries gets the errors of all tries but the last
   * @throws the error of the last try
   */
  async #release(report: Report, tries: FailedTries): Promise<Released> {
    const { namespace, claim } = this.#options;
    const { token, instance, ttlMs } = claim.lease;
    const id = new RenewableId(newCommandId, systemTime);
    for (;;) {
      try {
        return await this.#calls.releaseTask({
          namespace,
          commandId: id.current,
          token,
          ...(instance !== null && { instance }),
          ...report,
        });
      } catch (error) {
        if (id.renewAfter(error)) continue;
        if (!isRetryable(error) || elapsedMs(this.#renewedAt, systemTime.read()) >= ttlMs) throw error;
        tries.add(error);
        await pause(AGAIN_MS);
      }
    }
  }

  #result(
    reason: RunReason,
    { code, signal }: CommandExit,
    told: Partial<Pick<RunResult, 'outcome' | 'status' | 'runAt' | 'message' | 'outcomeUnknown'>> = {},
  ): RunResult {
    return {
      reason,
      code,
      signal,
      interruptedBy: this.#interruption?.signal ?? null,
      outcome: null,
      status: null,
      runAt: null,
      message: null,
      outcomeUnknown: false,
      lost: this.#lost,
      ...this.#files.left,
      startedAt: this.#startedAt,
      endedAt: this.#endedAt,
      ...told,
    };
  }
}
