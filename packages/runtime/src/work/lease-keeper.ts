import {
  checkProgress,
  OrchestratorError,
  type CheckpointReply,
  type HeartbeatReply,
  type Json,
  type Lease,
  type LeaseRefusal,
  type Orchestrator,
} from '@agent-orchestrator/core';
import { elapsedMs, systemTime, type Instant, type Time } from '../system/time.ts';

/**
 * Keeps one lease for as long as its holder lives.
 *
 * A lease is renewed every quarter of its TTL, counted from the start of the last renewal that succeeded. A renewal that fails
 * (the store is away, or busy) is tried again sooner: it says nothing about the lease. Only the store's own `lease_lost` is a
 * loss; a lease that was renewed late is still held.
 *
 * What a holder may believe between two renewals is another matter. Past 80 % of the TTL without success, by the largest of three
 * clocks, it is **unsure**: it makes no side effects until a heartbeat has told. Then it is sure again; or the lease is lost; or
 * the store stayed away until the TTL was over, and the lease has **expired** as far as the holder can know.
 *
 * Nothing keeps the lease of a dead or stuck holder fresh: before each renewal it is asked whether it is alive, and one that
 * reports progress has to go on reporting it.
 */
export interface LeaseKeeper extends Disposable {
  /** How things stand at this moment. Judged by the clocks, not by timers: those fire late where a process was stopped. */
  readonly trust: LeaseTrust;
  /** Somebody wants the task to end. */
  readonly cancelRequested: boolean;
  /**
   * For the moment before a side effect: waits while it is unsure.
   *
   * @returns whether the lease is held, for sure; false: it is lost, has expired, or is not kept any more
   */
  confirm(): Promise<boolean>;
  /**
   * Reports progress: a sign that the holder works. What it shows is sent with the next renewal, and soon.
   *
   * @throws `INVALID_INPUT`, `LIMIT_EXCEEDED`
   */
  progress(progress: Json): void;
  /** Renews at once, on the holder's behalf, and counts as progress. Outages throw. */
  heartbeat(progress?: Json): Promise<HeartbeatReply>;
  /** Saves the context, renews by that, and counts as progress. Outages throw: sent again with its command id, it has its effect once. */
  checkpoint(call: Checkpoint): Promise<CheckpointReply>;
  /** Tells, now and with every renewal, which process group works for the holder: it has to be gone as well before the holder counts as dead. */
  tellGroup(processGroup: number): void;
  /** Sends no more, says no more. The lease stays as it is: releasing it is the holder's. */
  stop(): void;
}

/** `sure`: side effects are safe · `unsure`: not before a heartbeat has succeeded · `lost`, `expired`: never again. */
export type LeaseTrust = 'sure' | 'unsure' | 'lost' | 'expired';

/** A checkpoint of the lease that is kept. */
export type Checkpoint = Omit<Parameters<Orchestrator['checkpoint']>[0], 'namespace' | 'token' | 'instance'>;

/** What a keeper has to tell, in the order it happens. */
export type LeaseNews =
  | { readonly is: 'renewed'; readonly expiresAt: number; readonly late: boolean }
  /** The store did not answer, or with an error. No loss: it is tried again. */
  | { readonly is: 'renewal_failed'; readonly error: unknown }
  /** The holder is not renewed: it is dead, or has stopped to make progress. Told once, until it is renewed again. */
  | { readonly is: 'withheld'; readonly why: 'not_alive' | 'no_progress' }
  /** No more side effects. */
  | { readonly is: 'unsure' }
  /** The lease is held: side effects are safe again. */
  | { readonly is: 'sure' }
  | { readonly is: 'cancel_requested' }
  /** The last news: somebody else may hold the session. */
  | { readonly is: 'lost'; readonly reply: LeaseRefusal }
  /**
   * The last news: the TTL is over without a renewal; or, with an error, it will be, since the store has moved and cannot be
   * reached any more from here.
   */
  | { readonly is: 'expired'; readonly error: OrchestratorError | null };

export interface KeepLeaseOptions {
  readonly orchestrator: Pick<Orchestrator, 'heartbeat' | 'checkpoint'>;
  /** As it was granted; its instance is sent with every write. */
  readonly lease: Pick<Lease, 'token' | 'instance' | 'ttlMs'>;
  /** The namespace of the session, if it is not the orchestrator's own. */
  readonly namespace?: string;
  /** The clocks before the claim was first sent: the lease is at most that old. */
  readonly since: Instant;
  /** Told of everything, at once; for `unsure`, before anything else can happen. Must not throw. */
  readonly onNews: (news: LeaseNews) => void;
  /** Asked before each renewal: whether the holder lives. */
  readonly isAlive?: () => boolean | Promise<boolean>;
  /**
   * How long a holder may work without a sign of progress and still be renewed. Counts from the start; if left out, from the first
   * `progress` on, and is an hour: a holder that reports none has no bound.
   */
  readonly progressWithinMs?: number;
  readonly time?: Time;
  /** In [0, 1), for the pauses between attempts. */
  readonly random?: () => number;
}

/** Renewals come so many times in a TTL. */
const RENEWALS_PER_TTL = 4;
/** Past that part of the TTL, a holder does not trust its lease. */
const TRUSTED_SHARE = 0.8;
/** An attempt without an answer counts as failed after that part of the TTL. Its answer is still welcome. */
const ATTEMPT_SHARE = 1 / 8;
/** The first pause after a failed attempt, as part of the TTL; it doubles with each further one, up to the second. */
const FIRST_PAUSE_SHARE = 1 / 32;
const LAST_PAUSE_SHARE = 1 / 8;
/** The clocks are compared so often: timers alone would notice a sleep of the machine late. */
const LOOK_AGAIN_MS = 1_000;
const LOOKS_PER_TTL = 20;
/** Progress is sent at once, but not more often than that. */
const PROGRESS_EVERY_MS = 1_000;
const PROGRESS_WITHIN_MS = 3_600_000;

/** Begins to keep a lease. Stop it before the lease is released. */
export function keepLease(options: KeepLeaseOptions): LeaseKeeper {
  return new Keeper(options);
}

class Keeper implements LeaseKeeper {
  readonly #options: KeepLeaseOptions;
  readonly #time: Time;
  readonly #ttlMs: number;
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
  #callOffLook: () => void = () => {};

  constructor(options: KeepLeaseOptions) {
    this.#options = options;
    this.#time = options.time ?? systemTime;
    this.#ttlMs = options.lease.ttlMs;
    this.#renewedAt = options.since;
    this.#unsureAt = options.since;
    this.#progressAt = options.progressWithinMs === undefined ? null : this.#time.read();
    // Not at once: whoever is told news has to have the keeper by then.
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

  tellGroup(processGroup: number): void {
    this.#processGroup = processGroup;
    // Untold so far: until a renewal says so, the holder does not count as dead at all.
    this.#isGroupTold = false;
    this.#look();
  }

  stop(): void {
    this.#stopped = true;
    this.#callOffLook();
    this.#wakeWaiting();
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  get #isOver(): boolean {
    return this.#stopped || this.#trust === 'lost' || this.#trust === 'expired';
  }

  /** Compares the clocks, does what is due, and comes back in time for what is due next. */
  #look(): void {
    if (this.#isOver) return;
    const now = this.#time.read();
    const ageMs = elapsedMs(this.#renewedAt, now);
    if (this.#attempt !== null && elapsedMs(this.#attempt, now) >= this.#ttlMs * ATTEMPT_SHARE)
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
    if (!this.#isGroupTold) return 0;
    const renewalMs = this.#ttlMs / RENEWALS_PER_TTL - elapsedMs(this.#renewedAt, now);
    return this.#progress === null ? renewalMs : Math.min(renewalMs, this.#progressDueInMs(now));
  }

  #progressDueInMs(now: Instant): number {
    return this.#progressSentAt === null ? 0 : PROGRESS_EVERY_MS - elapsedMs(this.#progressSentAt, now);
  }

  #becomeUnsure(now: Instant): void {
    this.#trust = 'unsure';
    this.#unsureAt = now;
    // Now it counts: whatever is under way began before, perhaps on a connection that did not survive a sleep.
    this.#attempt = null;
    this.#pause = null;
    this.#failures = 0;
    this.#tell({ is: 'unsure' });
  }

  /**
   * After a sleep the TTL is long over and the lease may be held still: the network gets the time to come back that it has
   * otherwise. By the steady clock, because nobody tries anything in a second sleep.
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
      if (reply.ok && processGroup === this.#processGroup) this.#isGroupTold = true;
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
    // By the steady clock: nobody makes progress while the machine sleeps.
    if (this.#progressAt !== null && now.steady - this.#progressAt.steady > progressWithinMs) return 'no_progress';
    return isAlive === undefined || (await isAlive()) ? null : 'not_alive';
  }

  #withhold(startedAt: Instant, why: 'not_alive' | 'no_progress'): void {
    this.#endAttempt(startedAt);
    if (!this.#withheld) this.#tell({ is: 'withheld', why });
    this.#withheld = true;
    this.#look();
  }

  /** An attempt is over without success; if it is the one that counts, the next comes after a pause. */
  #endAttempt(startedAt: Instant): void {
    if (this.#attempt !== startedAt) return;
    this.#attempt = null;
    const share = Math.min(FIRST_PAUSE_SHARE * 2 ** this.#failures, LAST_PAUSE_SHARE);
    // An unsure holder stands still, so each attempt is as urgent as the first.
    if (this.#trust === 'sure') this.#failures += 1;
    const jitter = 0.5 + (this.#options.random ?? Math.random)() / 2;
    this.#pause = { from: this.#time.read(), ms: this.#ttlMs * share * jitter };
  }

  /** Sends something of the holder's, and learns of the lease what its answer tells. */
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

  /** An answer that took its time may be too old to be trusted: then another attempt has to tell. */
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

/** No later attempt would find the lease here again. */
function hasMoved(error: unknown): error is OrchestratorError {
  return error instanceof OrchestratorError && error.code === 'STORE_MOVED';
}
