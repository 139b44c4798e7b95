import type { OrchestratorError } from '@agent-orchestrator/core';
import { newCommandId } from '../system/command-id.ts';
import { systemTime, type Time } from '../system/time.ts';
import { JournaledCalls, type WorkCalls } from './journaled-calls.ts';
import { JournalWriter } from './journal-writer.ts';
import type { Job } from './job.ts';
import { resend } from './resend.ts';
import { kindsOf, type WorkerEvent, type WorkerOptions } from './worker-options.ts';
import { WorkerShutdown } from './worker-shutdown.ts';

/** What the parts of one worker share. */
export class WorkerContext {
  readonly options: WorkerOptions;
  readonly instance: string;
  readonly time: Time;
  readonly newCommandId: () => string;
  readonly journal: JournalWriter | null;
  /** For every call that is made in the name of the agent. */
  readonly calls: WorkCalls;
  /** The handlers that are at work. */
  readonly jobs = new Set<Job>();
  readonly shutdown: WorkerShutdown;

  constructor(options: WorkerOptions) {
    this.options = options;
    this.time = options.time ?? systemTime;
    this.newCommandId = options.newCommandId ?? newCommandId;
    const { agent, orchestrator, journal } = options;
    this.instance = options.instance ?? this.newCommandId();
    const { instance, time } = this;
    this.journal = journal === undefined ? null : new JournalWriter({ folder: journal, agent, instance, time });
    this.calls = this.journal === null ? orchestrator : new JournaledCalls(orchestrator, this.journal);
    this.shutdown = new WorkerShutdown(time, this.jobs);
  }

  /** The conditions of every claim. */
  claimTerms() {
    const { agent, roles, ttlMs, staleAfterMs } = this.options;
    const kinds = kindsOf(this.options);
    return {
      agent,
      ...(roles !== undefined && { roles: [...roles] }),
      ...(kinds !== undefined && { kinds: [...kinds] }),
      ...(ttlMs !== undefined && { ttlMs }),
      ...(staleAfterMs !== undefined && { staleAfterMs }),
    };
  }

  /** Sends a command until it is answered, or until the signal is aborted. */
  async resend<Reply>(send: (commandId: string) => Promise<Reply>, signal: AbortSignal): Promise<Reply> {
    const { newCommandId, time, onOutage } = this;
    return resend(send, { newCommandId, time, random: this.options.random, signal, onOutage });
  }

  readonly onOutage = (error: OrchestratorError, retryInMs: number): void =>
    this.report({ is: 'outage', error, retryInMs });

  report(event: WorkerEvent): void {
    this.options.onEvent?.(event);
  }
}
