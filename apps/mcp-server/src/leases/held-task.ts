import type { CheckpointReply, Orchestrator } from '@agent-orchestrator/core';
import type { Checkpoint, HeldLease, Holdings } from '@agent-orchestrator/runtime';

/** A task that the host holds. Its token is in a private file, and never leaves the programs of the host's side. */
export class HeldTask {
  readonly lease: HeldLease;
  readonly #holdings: Holdings;

  constructor(lease: HeldLease, holdings: Holdings) {
    this.lease = lease;
    this.#holdings = holdings;
  }

  /** Its number, `t42`: ids may be sentences that a person chose. */
  get name(): string {
    return this.lease.name;
  }

  /** When the lease ends unless it is renewed, in milliseconds. */
  get expiresAt(): number {
    return Math.max(this.lease.expiresAt, this.#holdings.fateOf(this.lease).expiresAt ?? 0);
  }

  get cancelRequested(): boolean {
    return this.#holdings.fateOf(this.lease).cancelRequested === true;
  }

  /** Whether the host waited for the answer that says so. If not, the next claim gets this task. */
  get isTold(): boolean {
    return this.#holdings.isTold(this.lease);
  }

  set isTold(isTold: boolean) {
    this.#holdings.setTold(this.lease, isTold);
  }

  /** What proves the lease to the store. */
  get holder(): { readonly token: string; readonly instance?: string } {
    const { token, instance } = this.lease;
    return { token, ...(instance !== null && { instance }) };
  }

  checkpoint(orchestrator: Pick<Orchestrator, 'checkpoint'>, call: Checkpoint): Promise<CheckpointReply> {
    return orchestrator.checkpoint({ ...call, ...this.holder });
  }
}
