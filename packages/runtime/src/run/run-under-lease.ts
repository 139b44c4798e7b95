import { setTimeout as pause } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { OrchestratorError, type LeaseRefusal, type Released } from '@agent-orchestrator/core';
import { newCommandId } from '../system/command-id.ts';
import { keepLease, type LeaseKeeper, type LeaseNews } from '../work/lease-keeper.ts';
import { elapsedMs, systemTime, type Instant } from '../system/time.ts';
import { CommandProcess, StartError, type CommandEnd } from './command-process.ts';
import { runHook } from './hook.ts';
import { KeptOutput } from './kept-output.ts';
import { leaseEnvironment } from './lease-environment.ts';
import { LeaseFiles } from './lease-files.ts';
import { removeLeftFiles } from './left-files.ts';
import { isOwnEnding, reportOf, type Report } from './report.ts';
import type { RunOptions } from './run-options.ts';
import type { RunReason, RunResult } from './run-result.ts';
import { hearSignals, isInForeground, type EndingSignal } from './wrapper-signals.ts';

/**
 * Runs a command under a lease, and ends the lease truthfully when the command has ended.
 *
 * The lease is kept for as long as the command lives. While it is doubtful whether it is still held, the command is paused, with
 * all that it has started; when it is lost, they are ended. How the command ends decides how the task came out, unless
 * something else ended it: then the task is given back.
 */
export async function runUnderLease(options: RunOptions): Promise<RunResult> {
  return new Run(options).perform();
}

/** What could not be told the store is tried again after so long. */
const AGAIN_MS = 250;
/** A store that stayed away until the lease was over is told once more, and not waited for. */
const LAST_WORD_MS = 1_000;
/** A command that fails so soon after the terminal's Ctrl-C failed because of it. */
const HEEDED_MS = 10_000;

const NOT_STARTED: CommandEnd = { code: null, signal: null };

/** Why the command is ended from here. */
type ExitReason = Extract<RunReason, 'timed_out' | 'cancelled' | 'lease_lost' | 'store_unreachable' | 'store_moved'>;

/** A signal that asked for an end; `passedOn` by us, where the terminal does not send it to the command as well. */
interface Interruption {
  readonly signal: EndingSignal;
  readonly at: Instant;
  passedOn: boolean;
}

class Run {
  readonly #options: RunOptions;
  readonly #keeper: LeaseKeeper;
  #command: CommandProcess | null = null;
  #env: NodeJS.ProcessEnv = {};
  /** The first reason counts. */
  #ending: { readonly reason: ExitReason; readonly done: Promise<void> } | null = null;
  #interruption: Interruption | null = null;
  #lost: LeaseRefusal | null = null;
  /** Why the lease could not be renewed until it was over. */
  #expiry: 'store_unreachable' | 'store_moved' = 'store_unreachable';
  #renewedAt: Instant;
  #startedAt: number | null = null;
  #endedAt: number | null = null;

  constructor(options: RunOptions) {
    const { orchestrator, claim, namespace, since, interruptedBy } = options;
    this.#options = options;
    this.#renewedAt = since;
    if (interruptedBy !== undefined) this.#interruption = { signal: interruptedBy, at: since, passedOn: false };
    this.#keeper = keepLease({
      orchestrator,
      lease: claim.lease,
      namespace,
      since,
      // While it is ended from here, the work is ours.
      isAlive: () => this.#ending !== null || (this.#command?.isAlive ?? true),
      onNews: (news) => this.#hear(news),
    });
  }

  async perform(): Promise<RunResult> {
    const stopHearing = hearSignals({
      onEnd: (signal) => this.#interrupt(signal),
      onPassed: (signal) => this.#command?.signal(signal),
      // A command that shares our group is stopped and continued along with us.
      onSuspend: isatty(0) ? null : () => this.#suspend(),
      onContinue: () => this.#continue(),
    });
    try {
      return await this.#performWithFiles();
    } catch (error) {
      if (this.#command !== null) throw error;
      return await this.#report(error instanceof StartError ? error.why : 'not_started', NOT_STARTED, messageOf(error));
    } finally {
      this.#keeper.stop();
      stopHearing();
    }
  }

  async #performWithFiles(): Promise<RunResult> {
    removeLeftFiles();
    using files = new LeaseFiles(this.#options.claim.lease);
    using kept = this.#options.quietUnlessFailed ? new KeptOutput(files) : null;
    this.#env = this.#environment(files);
    const result = await this.#perform(files, kept);
    if (kept !== null && (result.reason !== 'ended' || result.code !== 0)) await kept.show();
    return result;
  }

  async #perform(files: LeaseFiles, kept: KeptOutput | null): Promise<RunResult> {
    const { command: words, claim, timeoutMs } = this.#options;
    const isHeld = await this.#keeper.confirm();
    if (!isHeld || this.#interruption !== null) return await this.#conclude(NOT_STARTED);

    const command = await CommandProcess.start(words, {
      lease: claim.lease,
      env: this.#env,
      stdio: kept?.stdio ?? 'inherit',
    });
    this.#command = command;
    this.#startedAt = Date.now();
    if (command.group !== null) {
      this.#keeper.tellGroup(command.group);
      files.tellGroup(command.group);
    }
    this.#catchUp(command);
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => this.#end('timed_out'), timeoutMs);
    const end = await command.ended;
    this.#endedAt = Date.now();
    clearTimeout(timer);
    await this.#ending?.done;
    return await this.#conclude(end);
  }

  /** What came while the command was being started has to reach it, too. */
  #catchUp(command: CommandProcess): void {
    const { trust, cancelRequested } = this.#keeper;
    const handsOff = this.#options.onLost === 'warn';
    if (trust === 'unsure' && !handsOff) command.pause('doubt');
    if (trust === 'lost' && !handsOff) this.#end('lease_lost');
    if (trust === 'expired' && !handsOff) this.#end(this.#expiry);
    if (cancelRequested) this.#end('cancelled');
    if (this.#interruption !== null) this.#passOn(this.#interruption);
  }

  #environment(files: LeaseFiles): NodeJS.ProcessEnv {
    const { claim, namespace, store, files: contents } = this.#options;
    const variables = Object.entries(leaseEnvironment(claim, { namespace, store }));
    return {
      ...process.env,
      ...Object.fromEntries(variables.map(([name, value]) => [name, value ?? undefined])),
      ORCHESTRATOR_PAYLOAD_FILE: files.write('payload.json', contents.payload),
      ORCHESTRATOR_CONTEXT_FILE: files.write('context.json', contents.context),
    };
  }

  #hear(news: LeaseNews): void {
    const handsOff = this.#options.onLost === 'warn';
    // What is asked to end must not be stopped: it would not hear.
    const mayPause = !handsOff && this.#ending === null && this.#command?.isAlive;
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
        // The command, or somebody in its name, has said how the task came out: what it does from now on is its own business.
        if (isOwnEnding(news.reply)) return void this.#command?.resume('doubt');
        this.#options.onNews({ is: 'lost', reply: news.reply });
        if (!handsOff) this.#end('lease_lost');
        return;
      case 'expired':
        if (news.error !== null) this.#expiry = 'store_moved';
        this.#options.onNews(news);
        if (!handsOff) this.#end(this.#expiry);
        return;
      case 'renewal_failed':
      case 'withheld':
        // The keeper tries again, and says when that has gone on for too long.
        return;
    }
  }

  /** Ends the command, if that is not under way. */
  #end(reason: ExitReason): void {
    const command = this.#command;
    if (this.#ending !== null || command === null || !command.isAlive) return;
    if (reason === 'timed_out') this.#options.onNews({ is: 'timed_out' });
    this.#ending = { reason, done: this.#terminate(command, reason) };
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

  #interrupt(signal: EndingSignal): void {
    this.#interruption = { signal, at: systemTime.read(), passedOn: false };
    this.#options.onNews({ is: 'signalled', signal });
    if (this.#command !== null) this.#passOn(this.#interruption);
  }

  #passOn(interruption: Interruption): void {
    const { signal } = interruption;
    const isKey = signal === 'SIGINT' || signal === 'SIGQUIT';
    if (isKey && this.#command?.sharesGroup && isInForeground()) return;
    interruption.passedOn = true;
    this.#command?.signalAwake(signal);
  }

  /** Stops the command together with this process, for which the shell waits. */
  #suspend(): void {
    this.#command?.pause('suspended');
    process.kill(process.pid, 'SIGSTOP');
  }

  /** However long it was stopped: before the command goes on, the clocks tell whether the lease can be trusted. */
  #continue(): void {
    void this.#keeper.trust;
    this.#command?.resume('suspended');
  }

  /** Ends the lease as the run has come out. */
  async #conclude(end: CommandEnd): Promise<RunResult> {
    const reason = this.#reasonFor(end);
    this.#keeper.stop();
    return this.#lost === null ? this.#report(reason, end) : this.#result(reason, end);
  }

  #reasonFor(end: CommandEnd): RunReason {
    const ended = this.#ending?.reason ?? (this.#isInterrupted(end) ? 'interrupted' : 'ended');
    if (this.#lost !== null) return withoutLease(this.#lost, ended);
    return this.#command === null && this.#keeper.trust === 'expired' ? this.#expiry : ended;
  }

  #isInterrupted({ code }: CommandEnd): boolean {
    const { passedOn, at } = this.#interruption ?? {};
    if (at === undefined) return false;
    if (this.#command === null || passedOn) return true;
    // Ctrl-C is for the command to heed or not, as an editor or a shell does not.
    return code !== 0 && elapsedMs(at, systemTime.read()) < HEEDED_MS;
  }

  /** Tells the store how the task came out. */
  async #report(reason: RunReason, end: CommandEnd, message: string | null = null): Promise<RunResult> {
    const { timeoutMs } = this.#options;
    const report = reportOf(reason, end, { signal: this.#interruption?.signal, timeoutMs, message });
    this.#keeper.stop();
    try {
      const release = this.#release(report);
      const reply = await (reason === this.#expiry ? within(LAST_WORD_MS, release) : release);
      if (!reply.ok) {
        this.#lost = reply;
        return this.#result(withoutLease(reply, reason), end, { message });
      }
      const { repeated, status, runAt } = reply;
      if (repeated && reason === 'ended') return this.#result('released_by_command', end, { status, runAt });
      return this.#result(reason, end, { message, status, runAt, outcome: report.outcome });
    } catch (error) {
      return this.#result(reasonWithoutAnswer(error), end, { message: messageOf(error) });
    }
  }

  /** Tries for as long as the lease is not over. */
  async #release(report: Report): Promise<Released> {
    const { orchestrator, namespace, claim } = this.#options;
    const { token, instance, ttlMs } = claim.lease;
    const commandId = newCommandId();
    for (;;) {
      try {
        return await orchestrator.releaseTask({
          namespace,
          commandId,
          token,
          ...(instance !== null && { instance }),
          ...report,
        });
      } catch (error) {
        const mayPass = error instanceof OrchestratorError && error.retryable;
        if (!mayPass || elapsedMs(this.#renewedAt, systemTime.read()) >= ttlMs) throw error;
        await pause(AGAIN_MS);
      }
    }
  }

  #result(
    reason: RunReason,
    { code, signal }: CommandEnd,
    told: Partial<Pick<RunResult, 'outcome' | 'status' | 'runAt' | 'message'>> = {},
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
      lost: this.#lost,
      startedAt: this.#startedAt,
      endedAt: this.#endedAt,
      ...told,
    };
  }
}

/** Whatever else the run came to: without its lease there is nothing to report. */
function withoutLease(lost: LeaseRefusal, reason: RunReason): RunReason {
  if (!isOwnEnding(lost)) return 'lease_lost';
  return reason === 'ended' ? 'released_by_command' : reason;
}

function reasonWithoutAnswer(error: unknown): RunReason {
  const code = error instanceof OrchestratorError ? error.code : null;
  if (code === 'JOURNAL_UNWRITABLE') return 'journal_unwritable';
  return code === 'STORE_MOVED' ? 'store_moved' : 'store_unreachable';
}

async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new OrchestratorError('STORE_UNREACHABLE')), ms);
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
