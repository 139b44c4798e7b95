import {
  checkProgress,
  type CheckpointReply,
  type HeartbeatReply,
  type Json,
  type Orchestrator,
} from '@agent-orchestrator/core';
import { elapsedMs, systemTime, type Instant, type Time } from '../system/time.ts';
import type { KeepLeaseOptions } from './keep-lease-options.ts';
import type { LeaseNews, LeaseTrust } from './lease-news.ts';
import { hasMoved } from './resend.ts';

/**
 * Keeps one lease for as long as its holder is alive.
 *
 * A lease is renewed every quarter of its TTL, at least once a minute, counted from the start of the last renewal that
 * succeeded. A renewal that fails (the store is unavailable or busy) is tried again sooner: it says nothing about the
 * lease. Only the store's answer `lease_lost` is a loss. A lease that was renewed late is still held.
 *
 * Between two renewals, a holder trusts its lease for 80 % of the TTL, by the largest of three clocks. After that it is
 * **unsure** and must not make side effects before a heartbeat was answered. The answer makes it sure again, or tells
 * that the lease is lost. If the store stays unavailable until the TTL is over, the lease has **expired** for the
 * holder.
 *
 * The lease of a dead or stuck holder is not renewed: before each renewal, `isAlive` is asked, and a holder that
 * reports progress must continue to report it.
 */
export interface LeaseKeeper extends Disposable {
  /** The trust at this moment. By the clocks, not by timers, which fire late if the process was stopped. */
  readonly trust: LeaseTrust;
  /** Cancellation of the task was requested. */
  readonly cancelRequested: boolean;
  /**
   * Call it before a side effect: it waits while the holder is unsure.
   *
   * @returns whether the lease is certainly held; false: it is lost, has expired, or is no longer kept
   */
  confirm(): Promise<boolean>;
  /**
   * Reports progress, which shows that the holder works. It is sent with the next renewal, within a second.
   *
   * @throws `INVALID_INPUT`, `LIMIT_EXCEEDED`
   */
  progress(progress: Json): void;
  /** Renews at once and counts as progress. Throws during outages. */
  heartbeat(progress?: Json): Promise<HeartbeatReply>;
  /**
   * Saves the context, renews, and counts as progress. Throws during outages: a retry with the command id runs once.
   */
  checkpoint(call: Checkpoint): Promise<CheckpointReply>;
  /**
   * Reports, now and with every renewal, the process group that works for the holder. The holder only counts as dead
   * when the group is gone, too. 0: it is not known, so that nothing proves the death of the holder.
   *
   * @returns resolves when the store knows it, or when the lease is over or no longer kept
   */
  tellGroup(processGroup: number): Promise<void>;
  /** Renews at once, without a word on the holder's work: something has changed that the answer tells. */
  renewNow(): void;
  /** Sends and reports nothing more. The lease is not released: the holder does that. */
  stop(): void;
}

/** A checkpoint of the lease that is kept. */
export type Checkpoint = Omit<Parameters<Orchestrator['checkpoint']>[0], 'namespace' | 'token' | 'instance'>;

/** After this part of the TTL, a holder does not trust its lease. */
const TRUSTED_SHARE = 0.8;
/**
 * Attempts are timed by the TTL, or by this if it is longer: renewals also show that there are processes with the clock
 * of the store. If there is none for two minutes, it takes another clock.
 */
const TIMED_BY_MAX_MS = 240_000;
/** After this part of it, a lease is renewed. */
const RENEWAL_SHARE = 1 / 4;
/** An attempt without an answer counts as failed after this part of it. A late answer still counts. */
const ATTEMPT_SHARE = 1 / 8;
/** The first pause after a failed attempt, as part of it. It doubles with each failure, up to the last pause. */
const FIRST_PAUSE_SHARE = 1 / 32;
const LAST_PAUSE_SHARE = 1 / 8;
/** How often the clocks are compared: timers alone would notice a sleep of the machine late. */
const LOOK_AGAIN_MS = 1_000;
const LOOKS_PER_TTL = 20;
/** Progress is sent at once, but not more often than this. */
const PROGRESS_EVERY_MS = 1_000;
const PROGRESS_WITHIN_MS = 3_600_000;

/** Starts to keep a lease. Stop the keeper before the lease is released. */
export function keepLease(options: KeepLeaseOptions): LeaseKeeper {
  return new Keeper(options);
}

class Keeper implements LeaseKeeper {
  readonly #options: KeepLeaseOptions;
  readonly #time: Time;
  readonly #ttlMs: number;
  readonly #timedByMs: number;
  readonly #waiting = new Set<() => void>();
  /** The start of the last attempt that succeeded. */
  #renewedAt: Instant;
  #trust: LeaseTrust = 'sure';
  #stopped = false;
  #cancelRequested = false;
  /** When trust was lost. */
  #unsureAt: Instant;
  /** The start of the attempt under way. */
  #attempt: Instant | null = null;
  /** When the last attempt failed, and how long to wait from then. */
  #pause: { readonly from: Instant; readonly ms: number } | null = null;
  #failures = 0;
  #withheld = false;
  #progressAt: Instant | null;
  #progress: { readonly value: Json } | null = null;
  #progressSentAt: Instant | null = null;
  #processGroup: number | undefined = undefined;
  #isGroupTold = true;
  /** The answer to an attempt that began before is too old. */
  #renewSince: Instant | null = null;
  #groupTold = Promise.withResolvers<void>();
  #callOffLook: () => void = () => {};

  constructor(options: KeepLeaseOptions) {
    this.#options = options;
    this.#time = options.time ?? systemTime;
    this.#ttlMs = options.lease.ttlMs;
    this.#timedByMs = Math.min(this.#ttlMs, TIMED_BY_MAX_MS);
    this.#renewedAt = options.since;
    this.#unsureAt = options.since;
    this.#progressAt = options.progressWithinMs === undefined ? null : this.#time.read();
    // Not at once: the caller must have the keeper before `onNews` is called.
    this.#callOffLook = this.#time.after(0, () => this.#look());
  }

  get trust(): LeaseTrust {
    this.#look();
    return this.#trust;
  }

  get cancelRequested(): boolean {
    return this.#cancelRequested;
  }

  async confirm(): Promise<boolean> {
    while (!this.#isOver && this.trust === 'unsure') {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      await promise;
    }
    return !this.#stopped && this.#trust === 'sure';
  }

  progress(progress: Json): void {
    checkProgress(progress);
    this.#progress = { value: structuredClone(progress) };
    this.#progressAt = this.#time.read();
    this.#noteLife();
    this.#look();
  }

  async heartbeat(progress?: Json): Promise<HeartbeatReply> {
    this.#noteLife();
    return this.#observe(() =>
      this.#options.orchestrator.heartbeat({ ...this.#holder(), ...(progress !== undefined && { progress }) }),
    );
  }

  async checkpoint(call: Checkpoint): Promise<CheckpointReply> {
    this.#noteLife();
    return this.#observe(() => this.#options.orchestrator.checkpoint({ ...call, ...this.#holder() }));
  }

  tellGroup(processGroup: number): Promise<void> {
    this.#processGroup = processGroup;
    // Not reported yet. Until a renewal reports it, the holder does not count as dead.
    if (this.#isGroupTold) this.#groupTold = Promise.withResolvers();
    this.#isGroupTold = false;
    this.#look();
    if (this.#isOver) this.#groupTold.resolve();
    return this.#groupTold.promise;
  }

  renewNow(): void {
    this.#renewSince = this.#time.read();
    this.#look();
  }

  stop(): void {
    this.#stopped = true;
    this.#groupTold.resolve();
    this.#callOffLook();
    this.#wakeWaiting();
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  get #isOver(): boolean {
    return this.#stopped || this.#trust === 'lost' || this.#trust === 'expired';
  }

  /** Compares the clocks, does what is due, and sets the timer for what is due next. */
  #look(): void {
    if (this.#isOver) return;
    const now = this.#time.read();
    const ageMs = elapsedMs(this.#renewedAt, now);
    if (this.#attempt !== null && elapsedMs(this.#attempt, now) >= this.#timedByMs * ATTEMPT_SHARE)
      this.#endAttempt(this.#attempt);
    if (this.#trust === 'sure' && ageMs >= this.#ttlMs * TRUSTED_SHARE) this.#becomeUnsure(now);
    if (this.#trust === 'unsure' && ageMs >= this.#ttlMs && this.#triedLongEnough(now))
      this.#end('expired', { is: 'expired', error: null });
    if (this.#isOver) return;
    if (this.#attempt === null && this.#dueInMs(now) <= 0) this.#begin(now);
    this.#callOffLook();
    this.#callOffLook = this.#time.after(this.#lookAgainInMs(now), () => this.#look());
  }

  #lookAgainInMs(now: Instant): number {
    const doubtInMs = this.#ttlMs * TRUSTED_SHARE - elapsedMs(this.#renewedAt, now);
    const next = [LOOK_AGAIN_MS, this.#ttlMs / LOOKS_PER_TTL];
    if (this.#trust === 'sure') next.push(doubtInMs);
    if (this.#attempt === null) next.push(this.#dueInMs(now));
    return Math.max(1, Math.ceil(Math.min(...next)));
  }

  /** When the next attempt is due, in milliseconds from now. */
  #dueInMs(now: Instant): number {
    if (this.#pause !== null) return this.#pause.ms - elapsedMs(this.#pause.from, now);
    if (!this.#isGroupTold || this.#renewSince !== null) return 0;
    const renewalMs = this.#timedByMs * RENEWAL_SHARE - elapsedMs(this.#renewedAt, now);
    return this.#progress === null ? renewalMs : Math.min(renewalMs, this.#progressDueInMs(now));
  }

  #progressDueInMs(now: Instant): number {
    return this.#progressSentAt === null ? 0 : PROGRESS_EVERY_MS - elapsedMs(this.#progressSentAt, now);
  }

  #becomeUnsure(now: Instant): void {
    this.#trust = 'unsure';
    this.#unsureAt = now;
    // Start a new attempt: the one under way may use a connection that did not survive a sleep of the machine.
    this.#attempt = null;
    this.#pause = null;
    this.#failures = 0;
    this.#tell({ is: 'unsure' });
  }

  /**
   * After a sleep the TTL is over, but the lease may still be held. So the attempts get the same time as without a
   * sleep, for the network to come back. By the steady clock, because no attempt is made during a second sleep.
   */
  #triedLongEnough(now: Instant): boolean {
    return now.steady - this.#unsureAt.steady >= this.#ttlMs * (1 - TRUSTED_SHARE);
  }

  #begin(startedAt: Instant): void {
    this.#attempt = startedAt;
    void this.#renew(startedAt);
  }

  async #renew(startedAt: Instant): Promise<void> {
    const sent = this.#progress;
    const processGroup = this.#processGroup;
    try {
      const why = await this.#whyNot(startedAt);
      if (this.#isOver) return;
      if (why !== null) return this.#withhold(startedAt, why);
      if (sent !== null) this.#progressSentAt = startedAt;
      const reply = await this.#options.orchestrator.heartbeat({
        ...this.#holder(),
        ...(sent !== null && { progress: sent.value }),
        ...(processGroup !== undefined && { processGroup }),
      });
      if (reply.ok && this.#progress === sent) this.#progress = null;
      if (reply.ok && processGroup === this.#processGroup) {
        this.#isGroupTold = true;
        this.#groupTold.resolve();
      }
      this.#heard(startedAt, reply);
    } catch (error) {
      if (this.#isOver) return;
      if (hasMoved(error)) return this.#end('expired', { is: 'expired', error });
      this.#endAttempt(startedAt);
      this.#tell({ is: 'renewal_failed', error });
      this.#look();
    }
  }

  async #whyNot(now: Instant): Promise<'not_alive' | 'no_progress' | null> {
    const { isAlive, progressWithinMs = PROGRESS_WITHIN_MS } = this.#options;
    // By the steady clock: there is no progress while the machine sleeps.
    if (this.#progressAt !== null && now.steady - this.#progressAt.steady > progressWithinMs) return 'no_progress';
    return isAlive === undefined || (await isAlive()) ? null : 'not_alive';
  }

  #withhold(startedAt: Instant, why: 'not_alive' | 'no_progress'): void {
    this.#endAttempt(startedAt);
    if (!this.#withheld) this.#tell({ is: 'withheld', why });
    this.#withheld = true;
    this.#look();
  }

  /** An attempt has failed. If it is the current one, the next comes after a pause. */
  #endAttempt(startedAt: Instant): void {
    if (this.#attempt !== startedAt) return;
    this.#attempt = null;
    const share = Math.min(FIRST_PAUSE_SHARE * 2 ** this.#failures, LAST_PAUSE_SHARE);
    // An unsure holder waits, so each attempt is as urgent as the first.
    if (this.#trust === 'sure') this.#failures += 1;
    const jitter = 0.5 + (this.#options.random ?? Math.random)() / 2;
    this.#pause = { from: this.#time.read(), ms: this.#timedByMs * share * jitter };
  }

  /** Sends a call of the holder, whose answer also shows the state of the lease. */
  async #observe<Reply extends HeartbeatReply | CheckpointReply>(send: () => Promise<Reply>): Promise<Reply> {
    const startedAt = this.#time.read();
    const reply = await send();
    this.#heard(startedAt, reply);
    return reply;
  }

  #heard(startedAt: Instant, reply: HeartbeatReply | CheckpointReply): void {
    if (this.#isOver) return;
    if (!reply.ok) {
      if (reply.reason === 'lease_lost') this.#end('lost', { is: 'lost', reply });
      return;
    }
    if (startedAt.steady >= this.#renewedAt.steady) this.#renewedAt = startedAt;
    if (this.#attempt === startedAt) this.#attempt = null;
    if (this.#renewSince !== null && startedAt.steady >= this.#renewSince.steady) this.#renewSince = null;
    this.#pause = null;
    this.#failures = 0;
    this.#withheld = false;
    this.#tell({ is: 'renewed', expiresAt: reply.expiresAt, late: reply.late });
    this.#regainTrust();
    if (reply.cancelRequested && !this.#cancelRequested) {
      this.#cancelRequested = true;
      this.#tell({ is: 'cancel_requested' });
    }
    this.#look();
  }

  /** A slow answer may be too old to be trusted: then another attempt is needed. */
  #regainTrust(): void {
    if (this.#trust !== 'unsure') return;
    if (elapsedMs(this.#renewedAt, this.#time.read()) >= this.#ttlMs * TRUSTED_SHARE) return;
    this.#trust = 'sure';
    this.#tell({ is: 'sure' });
    this.#wakeWaiting();
  }

  #end(trust: 'lost' | 'expired', news: LeaseNews): void {
    this.#trust = trust;
    this.#callOffLook();
    this.#groupTold.resolve();
    this.#tell(news);
    this.#wakeWaiting();
  }

  #noteLife(): void {
    if (this.#progressAt !== null) this.#progressAt = this.#time.read();
    if (this.#withheld) this.#pause = null;
  }

  #tell(news: LeaseNews): void {
    if (!this.#stopped) this.#options.onNews(news);
  }

  #wakeWaiting(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  #holder() {
    const { namespace, lease } = this.#options;
    const { token, instance } = lease;
    return { token, ...(instance !== null && { instance }), ...(namespace !== undefined && { namespace }) };
  }
}
