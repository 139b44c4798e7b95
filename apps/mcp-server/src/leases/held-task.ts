import type { ClaimRecord, LeaseRefusal, ProcessIdentity } from '@agent-orchestrator/core';
import {
  keepLease,
  livenessOf,
  numberOf,
  systemTime,
  type Checkpoint,
  type Instant,
  type KeepLeaseOptions,
  type LeaseKeeper,
  type LeaseNews,
} from '@agent-orchestrator/runtime';

export interface HeldTaskOptions {
  readonly orchestrator: KeepLeaseOptions['orchestrator'];
  /** The process of the agent host, which holds the lease; null: it is not known. */
  readonly host: ProcessIdentity | null;
  /** null: the store has moved, so that the lease cannot be kept here. */
  readonly onLost: (held: HeldTask, reply: LeaseRefusal | null) => void;
  readonly onCancelRequested: (held: HeldTask) => void;
}

/** A task that this process holds for its host. It renews the lease; the token never leaves it. */
export class HeldTask {
  readonly claim: ClaimRecord;
  /** Its number, `t42`: ids may be sentences that a person chose. */
  readonly name: string;
  /** Whether the host waited for the answer that says so. If not, the next claim gets this task. */
  isTold = true;
  readonly #options: HeldTaskOptions;
  #keeper: LeaseKeeper;
  #expiresAt: number;

  constructor(claim: ClaimRecord, since: Instant, options: HeldTaskOptions) {
    this.claim = claim;
    this.name = numberOf('task', claim.task);
    this.#options = options;
    this.#expiresAt = claim.lease.expiresAt;
    this.#keeper = this.#keep(since);
  }

  /** When the lease ends unless it is renewed, in milliseconds. */
  get expiresAt(): number {
    return this.#expiresAt;
  }

  get cancelRequested(): boolean {
    return this.#keeper.cancelRequested;
  }

  /** What proves the lease to the store. */
  get holder(): { readonly token: string; readonly instance?: string } {
    const { token, instance } = this.claim.lease;
    return { token, ...(instance !== null && { instance }) };
  }

  checkpoint(call: Checkpoint): ReturnType<LeaseKeeper['checkpoint']> {
    return this.#keeper.checkpoint(call);
  }

  stop(): void {
    this.#keeper.stop();
  }

  #keep(since: Instant): LeaseKeeper {
    const { orchestrator, host } = this.#options;
    // In doubt it is alive: a host that ends also ends the input of its servers.
    const isAlive = () => host === null || livenessOf(host) !== 'gone';
    return keepLease({ orchestrator, lease: this.claim.lease, since, isAlive, onNews: (news) => this.#hear(news) });
  }

  #hear(news: LeaseNews): void {
    switch (news.is) {
      case 'renewed':
        this.#expiresAt = news.expiresAt;
        return;
      case 'cancel_requested':
        return this.#options.onCancelRequested(this);
      case 'lost':
        return this.#options.onLost(this, news.reply);
      case 'expired':
        if (news.error !== null) return this.#options.onLost(this, null);
        // Late is not lost: it is tried until the store answers. This process itself does nothing that needs trust.
        this.#keeper = this.#keep(systemTime.read());
        return;
      default:
    }
  }
}
