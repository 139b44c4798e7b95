import type { AgentRefusal, ClaimRecord, Orchestrator } from '@agent-orchestrator/core';
import { newSeed } from '../system/seed.ts';
import { elapsedMs, type Instant } from '../system/time.ts';
import type { WorkerContext } from './worker-context.ts';

/** A release that takes the next task recovers nothing. So a busy worker also makes a claim of its own this often. */
const CLAIM_ALONE_EVERY_MS = 10_000;

/** A claim, and the clocks before it was first sent. */
export interface TakenTask {
  readonly claim: ClaimRecord;
  readonly since: Instant;
}

export interface ClaimAnswer {
  readonly taken: readonly TakenTask[];
  /** When the next task is due; null: unknown. */
  readonly nextDueAt: number | null;
}

/** The claims of a worker. */
export class WorkerClaims {
  readonly #context: WorkerContext;
  #resume: boolean;
  #claimedAt: Instant;
  /** Why the registry refused the last claim; null: it did not. */
  #refused: AgentRefusal['reason'] | null = null;

  constructor(context: WorkerContext) {
    this.#context = context;
    this.#resume = context.options.resume ?? false;
    this.#claimedAt = context.time.read();
  }

  /** Whether the next release is to take the next task, too. */
  get mayTakeNext(): boolean {
    const { shutdown, time } = this.#context;
    return !shutdown.begun.aborted && elapsedMs(this.#claimedAt, time.read()) < CLAIM_ALONE_EVERY_MS;
  }

  async claim(limit: number): Promise<ClaimAnswer> {
    const since = this.#context.time.read();
    const { claims, nextDueAt } = await this.#claim(limit);
    this.#claimedAt = since;
    return { taken: claims.map((claim) => ({ claim, since })), nextDueAt };
  }

  async #claim(limit: number): Promise<{ claims: readonly ClaimRecord[]; nextDueAt: number | null }> {
    const reply = await this.#send(limit, this.#resume);
    if (reply.ok) {
      this.#resume &&= reply.claims.some(({ takeover }) => takeover?.reason === 'resumed');
      return { claims: reply.claims, nextDueAt: null };
    }
    // An earlier run may be alive. Until that is known, the worker takes other work.
    if (reply.reason === 'busy') return this.#asClaims(await this.#send(limit, false));
    this.#resume = false;
    return this.#asClaims(reply);
  }

  #asClaims(reply: Awaited<ReturnType<Orchestrator['claimTasks']>>) {
    if (reply.ok) return { claims: reply.claims, nextDueAt: null };
    return { claims: [], nextDueAt: reply.reason === 'no_task' ? reply.nextDueAt : null };
  }

  /** Reports it once, and again only after a claim that was not refused. */
  #tellRefusal(reply: Awaited<ReturnType<Orchestrator['claimTasks']>>): void {
    const refusal = !reply.ok && 'agent' in reply ? reply : null;
    if (refusal !== null && refusal.reason !== this.#refused) this.#context.report({ is: 'refused', refusal });
    this.#refused = refusal?.reason ?? null;
  }

  async #send(limit: number, resume: boolean) {
    const { instance, calls, shutdown } = this.#context;
    // Every attempt sends the same id and seed: a lost answer is then given again, tokens included.
    const command = {
      ...this.#context.claimTerms(),
      instance,
      limit,
      resume,
      seed: newSeed(),
    };
    const reply = await this.#context.resend(
      (commandId) => calls.claimTasks({ ...command, commandId }),
      shutdown.begun,
    );
    this.#tellRefusal(reply);
    return reply;
  }
}
