import { OrchestratorError, type ClaimRecord, type Released } from '@agent-orchestrator/core';
import { newSeed } from '../system/seed.ts';
import { elapsedMs } from '../system/time.ts';
import { Job } from './job.ts';
import { endsWithLess, failure, type JobEnd } from './job-end.ts';
import { pause } from './resend.ts';
import type { TakenTask, WorkerClaims } from './worker-claims.ts';
import type { WorkerContext } from './worker-context.ts';
import { handlerFor, noHandler } from './worker-options.ts';

const STILL_AT_WORK = 'A handler that lost its lease is still at work on it in the worker that claimed it.';

/** One of the places of a worker: does one task after another. */
export class WorkerSlot {
  readonly #context: WorkerContext;
  readonly #claims: WorkerClaims;

  constructor(context: WorkerContext, claims: WorkerClaims) {
    this.#context = context;
    this.#claims = claims;
  }

  /** Each release takes the next task in the same transaction. Resolves when a release took none. */
  async run(first: TakenTask): Promise<void> {
    const { shutdown } = this.#context;
    let taken: TakenTask | null = first;
    while (taken !== null) {
      const claim: ClaimRecord = taken.claim;
      this.#context.report({ is: 'claimed', claim });
      // The worker may have been told to stop while the claim was on its way.
      const jobEnd: JobEnd = shutdown.begun.aborted ? { outcome: 'released' } : await this.#work(taken);
      if (jobEnd === null) this.#context.report({ is: 'lost', claim });
      taken = jobEnd === null ? null : await this.#release(claim, jobEnd);
    }
  }

  async #work({ claim, since }: TakenTask): Promise<JobEnd> {
    const { options, calls, newCommandId, time, jobs, shutdown } = this.#context;
    const handle = handlerFor(options, claim.task.kind);
    if (handle === undefined) return failure(noHandler(claim.task.kind));
    // The lease is not renewed meanwhile. After half of it the task is given back, so that another worker can take it.
    for (let former = this.#formerOf(claim); former !== undefined; former = this.#formerOf(claim)) {
      const leftMs = claim.lease.ttlMs / 2 - elapsedMs(since, time.read());
      if (leftMs <= 0 || shutdown.begun.aborted) return { outcome: 'released', note: STILL_AT_WORK };
      await pause(leftMs, time, AbortSignal.any([former.ended, shutdown.begun]));
    }
    const job = new Job({
      orchestrator: calls,
      claim,
      since,
      newCommandId,
      progressWithinMs: options.progressWithinMs,
      time,
      random: options.random,
      stopping: shutdown.begun,
      onNews: (news) => this.#context.report({ is: 'lease', claim, news }),
      onOutage: this.#context.onOutage,
    });
    jobs.add(job);
    try {
      return await job.run(handle);
    } finally {
      jobs.delete(job);
    }
  }

  /** A handler of this worker that has lost its lease of the task, but still works on it. */
  #formerOf({ task }: ClaimRecord): Job | undefined {
    return [...this.#context.jobs].find((job) => job.taskId === task.id && !job.ended.aborted);
  }

  /** @returns the task that was taken with the release */
  async #release(claim: ClaimRecord, jobEnd: NonNullable<JobEnd>): Promise<TakenTask | null> {
    const since = this.#context.time.read();
    try {
      const { reply, outcome } = await this.#sendWhatIsStored(claim, jobEnd);
      if (reply.ok) {
        const { status, runAt } = reply;
        this.#context.report({ is: 'released', claim, outcome, status, runAt });
      } else this.#context.report({ is: 'lost', claim });
      return reply.ok && reply.next !== null ? { claim: reply.next, since } : null;
    } catch (error) {
      if (!this.#context.shutdown.gaveUp.aborted) throw error;
      this.#context.report({ is: 'left', claim, error });
      return null;
    }
  }

  /** Sends an end, or of one that the API refuses as much as it takes: to do the work again would do it twice. */
  async #sendWhatIsStored(claim: ClaimRecord, jobEnd: NonNullable<JobEnd>) {
    try {
      return { reply: await this.#sendRelease(claim, jobEnd), outcome: jobEnd.outcome };
    } catch (refusal) {
      if (!isRefusal(refusal) || this.#context.shutdown.gaveUp.aborted) throw refusal;
      for (const less of endsWithLess(jobEnd, refusal))
        try {
          return { reply: await this.#sendRelease(claim, less), outcome: less.outcome };
        } catch (error) {
          if (!isRefusal(error)) throw error;
        }
      throw refusal;
    }
  }

  async #sendRelease(claim: ClaimRecord, jobEnd: NonNullable<JobEnd>): Promise<Released> {
    const { instance, calls, shutdown } = this.#context;
    const command = {
      ...jobEnd,
      token: claim.lease.token,
      instance,
      seed: newSeed(),
      ...(jobEnd.outcome === 'succeeded' && { kind: claim.task.kind }),
      ...(this.#claims.mayTakeNext && { claimNext: this.#context.claimTerms() }),
    };
    return this.#context.resend((commandId) => calls.releaseTask({ ...command, commandId }), shutdown.gaveUp);
  }
}

/** Whether the end is at fault, not the store: it breaks the rules, or the schema of its kind threw. */
function isRefusal(error: unknown): boolean {
  return !(error instanceof OrchestratorError) || error.code === 'INVALID_INPUT' || error.code === 'LIMIT_EXCEEDED';
}
