import type { ClaimRecord, Orchestrator } from '@agent-orchestrator/core';
import type { CallName, Calls, JournalLine } from '@agent-orchestrator/core/journal';
import { JournalledCalls } from '../checker/journalled-calls.ts';
import type { Changes } from './changes.ts';
import { newCommandId } from './command-id.ts';
import { journalsBefore } from './journal-file.ts';
import { evidenceOf, pastOf, type Past } from './past.ts';
import { isGone } from './process-identity.ts';
import { Random } from './random.ts';
import type { ProcessSettings } from './settings.ts';
import { newTask, shareOf } from './workload.ts';

interface WorkerOptions {
  readonly orchestrator: Orchestrator;
  readonly changes: Changes;
  readonly settings: ProcessSettings;
  readonly write: (line: JournalLine) => void;
}

/** How long an idle worker waits for a change before it looks again: stale leases make no noise. */
const IDLE_MS = 200;
const RETRIED_WHEN_THROWN_MAX = 5;

/** An agent that adds its share of the tasks, and works on whatever there is, until it is told to finish. */
export class Worker {
  readonly #changes: Changes;
  readonly #settings: ProcessSettings;
  readonly #calls: JournalledCalls;
  readonly #random: Random;
  readonly #past: Past;
  readonly #instance: string;
  #added = 0;

  constructor({ orchestrator, changes, settings, write }: WorkerOptions) {
    const { workload, agent, run } = settings;
    this.#changes = changes;
    this.#settings = settings;
    this.#calls = new JournalledCalls({ orchestrator, write, now: Date.now });
    this.#random = new Random(workload.seed, agent, run);
    this.#past = pastOf(journalsBefore(workload.folder, agent, run));
    this.#instance = `${agent}.${run}`;
  }

  async run(): Promise<void> {
    for (const { command, request } of this.#past.unanswered) await this.#calls.call(command, request);
    let claim = await this.#takeBack();
    const share = shareOf(this.#settings.workload, this.#settings.number).filter(
      ({ dedupeKey = '' }) => !this.#past.added.has(dedupeKey),
    );
    while (!this.#changes.finished) {
      if (share.length > 0) await this.#send('enqueue', { tasks: share.splice(0, this.#random.between(1, 8)) });
      await this.#seekFailpoint();
      claim ??= await this.#claim();
      if (claim !== null && this.#seeks('recover')) claim = await this.#abandon();
      if (claim !== null) claim = await this.#work(claim);
    }
  }

  /** Whoever is to end at a named failpoint goes on adding tasks, and does what leads there, until it is reached. */
  async #seekFailpoint(): Promise<void> {
    const { workload, failpoint, run, agent } = this.#settings;
    if (workload.tasks !== null || failpoint === null) return;
    this.#added += 1;
    await this.#send('enqueue', { tasks: [newTask(workload, `${agent}.${run}.${this.#added}`)] });
    if (this.#seeks('recover')) await this.#recover();
  }

  #seeks(command: CallName): boolean {
    return this.#settings.failpoint?.command === command;
  }

  /** So that there is something to recover: a recovery that finds nothing has nothing to commit. */
  async #abandon(): Promise<null> {
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    return null;
  }

  /** A restarted agent goes on with what it held. Its former run may be believed to be alive for a while. */
  async #takeBack(): Promise<ClaimRecord | null> {
    if (this.#settings.run === 1) return null;
    const evidence = this.#settings.number % 2 === 0 ? evidenceOf(this.#past, isGone) : [];
    while (!this.#changes.finished) {
      const reply = await this.#send('claim', { ...this.#claimant(), resume: true, evidence });
      if (reply.ok) return reply.claims[0] ?? null;
      if (reply.reason !== 'busy') return null;
      await this.#changes.next(IDLE_MS);
    }
    return null;
  }

  async #claim(): Promise<ClaimRecord | null> {
    const kinds = this.#random.chance(0.2) ? { kinds: [this.#random.pick(['write', 'review', 'translate'])] } : {};
    const reply = await this.#send('claim', { ...this.#claimant(), ...kinds });
    if (reply.ok) return reply.claims[0] ?? null;
    if (this.#random.chance(0.3)) await this.#recover();
    await this.#changes.next(IDLE_MS);
    return null;
  }

  async #recover(): Promise<void> {
    await this.#send('recover', { agent: this.#settings.agent, instance: this.#instance });
  }

  /** @returns the claim to go on with, if the release brought one */
  async #work({ lease, task }: ClaimRecord): Promise<ClaimRecord | null> {
    const holder = { sessionId: lease.sessionId, token: lease.token, instance: this.#instance };
    for (let step = this.#random.between(0, 3); step > 0; step -= 1) {
      const reply = this.#random.chance(0.5)
        ? await this.#send('heartbeat', { ...holder, progress: { step } })
        : await this.#send('checkpoint', { ...holder, nextAction: `step ${step} of ${task.id}` });
      if (!reply.ok) return null;
    }
    const next = this.#random.chance(0.3) ? { claimNext: this.#terms() } : {};
    const reply = await this.#send('release', { ...holder, ...this.#outcome(), ...next });
    return reply.ok ? reply.next : null;
  }

  #outcome(): Pick<Calls['release']['request'], 'outcome' | 'error' | 'note' | 'result'> {
    const chance = this.#random.next();
    if (chance < 0.06) return { outcome: 'failed', error: { message: 'it did not work out' } };
    if (chance < 0.1) return { outcome: 'released', note: 'not now' };
    return { outcome: 'succeeded', result: { by: this.#instance } };
  }

  #claimant() {
    return { ...this.#terms(), instance: this.#instance };
  }

  #terms() {
    const { agent, workload } = this.#settings;
    return { agent, ttlMs: workload.ttlMs, staleAfterMs: workload.staleAfterMs };
  }

  /** What throws is in the journal, where the run's judge finds it; a worker only does not give up at once. */
  async #send<C extends CallName>(
    command: C,
    request: Omit<Calls[C]['request'], 'commandId'>,
  ): Promise<Calls[C]['reply']> {
    const identified = (
      command === 'heartbeat' ? request : { ...request, commandId: newCommandId() }
    ) as Calls[C]['request'];
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#calls.call(command, identified);
      } catch (error) {
        if (tries >= RETRIED_WHEN_THROWN_MAX) throw error;
      }
    }
  }
}
