import type { ClaimRecord, Released } from '@agent-orchestrator/core';
import { newSeed } from '../system/seed.ts';
import { elapsedMs } from '../system/time.ts';
import { Job } from './job.ts';
import { failure, storableEnd, type JobEnd } from './job-end.ts';
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
    let said = jobEnd;
    try {
      const reply = await this.#sendRelease(claim, said).catch(async (error: unknown) => {
        const { orchestrator } = this.#context.options;
        const stored = await storableEnd(jobEnd, (end) => orchestrator.check('releaseTask', releaseOf(claim, end)));
        if (stored === null) throw error;
        said = stored;
        return this.#sendRelease(claim, said);
      });
      if (reply.ok) {
        const { status, runAt } = reply;
        this.#context.report({ is: 'released', claim, outcome: said.outcome, status, runAt });
      } else this.#context.report({ is: 'lost', claim });
      return reply.ok && reply.next !== null ? { claim: reply.next, since } : null;
    } catch (error) {
      if (!this.#context.shutdown.gaveUp.aborted) throw error;
      this.#context.report({ is: 'left', claim, error });
      return null;
    }
  }

  async #sendRelease(claim: ClaimRecord, jobEnd: NonNullable<JobEnd>): Promise<Released> {
    const { instance, calls, newCommandId, shutdown } = this.#context;
    const command = {
      ...releaseOf(claim, jobEnd),
      instance,
      commandId: newCommandId(),
      seed: newSeed(),
      ...(this.#claims.mayTakeNext && { claimNext: this.#context.claimTerms() }),
    };
    return this.#context.resend(() => calls.releaseTask(command), shutdown.gaveUp);
  }
}

function releaseOf({ lease, task }: ClaimRecord, jobEnd: NonNullable<JobEnd>) {
  return { ...jobEnd, token: lease.token, ...(jobEnd.outcome === 'succeeded' && { kind: task.kind }) };
}
