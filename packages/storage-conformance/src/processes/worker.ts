import type { ClaimRecord, Orchestrator } from '@agent-orchestrator/core';
import type { JournaledCallName, JournalLine } from '@agent-orchestrator/core/journal';
import { JournaledCalls, type SentCalls } from '../checker/journaled-calls.ts';
import type { Changes } from './changes.ts';
import { newCommandId } from './command-id.ts';
import { journalsBefore } from './journal-file.ts';
import { evidenceOf, pastOf, type Past } from './past.ts';
import { isGone } from './process-identity.ts';
import { Random } from './random.ts';
import { seedFor } from './seed.ts';
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
/** So many sessions an agent works on at once, now and then: it releases them in one batch. */
const SESSIONS_MAX = 3;

/** An agent that adds its share of the tasks, and works on whatever there is, until it is told to finish. */
export class Worker {
  readonly #changes: Changes;
  readonly #settings: ProcessSettings;
  readonly #calls: JournaledCalls;
  readonly #random: Random;
  readonly #past: Past;
  readonly #instance: string;
  #added = 0;

  constructor({ orchestrator, changes, settings, write }: WorkerOptions) {
    const { workload, agent, run } = settings;
    this.#changes = changes;
    this.#settings = settings;
    this.#calls = new JournaledCalls({ orchestrator, write, now: Date.now });
    this.#random = new Random(workload.seed, agent, run);
    this.#past = pastOf(journalsBefore(workload.folder, agent, run));
    this.#instance = `${agent}.${run}`;
  }

  async run(onCaughtUp: () => void): Promise<void> {
    for (const { command, request } of this.#past.unanswered) await this.#calls.call(command, request);
    onCaughtUp();
    let claims = await this.#takeBack();
    const share = shareOf(this.#settings.workload, this.#settings.number).filter(
      ({ dedupeKey = '' }) => !this.#past.added.has(dedupeKey),
    );
    while (!this.#changes.finished) {
      if (share.length > 0) await this.#send('enqueue', { tasks: share.splice(0, this.#random.between(1, 8)) });
      await this.#seekFailpoint();
      if (claims.length === 0) claims = await this.#claim();
      if (claims.length > 0 && this.#seeks('recover')) claims = await this.#abandon();
      if (claims.length > 0) claims = await this.#work(claims);
    }
  }

  /**
   * A worker that is to end at a named failpoint continues to add tasks, and does what leads there, until it is
   * reached.
   */
  async #seekFailpoint(): Promise<void> {
    const { workload, failpoint, run, agent } = this.#settings;
    if (workload.tasks !== null || failpoint === null) return;
    this.#added += 1;
    await this.#send('enqueue', { tasks: [newTask(workload, `${agent}.${run}.${this.#added}`)] });
    if (this.#seeks('recover')) await this.#recover();
  }

  #seeks(command: JournaledCallName): boolean {
    return this.#settings.failpoint?.command === command;
  }

  /** So that there is something to recover: a recovery that finds nothing has nothing to commit. */
  async #abandon(): Promise<readonly ClaimRecord[]> {
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    return [];
  }

  /** A restarted agent continues with what it held. Its former run may be believed to be alive for a while. */
  async #takeBack(): Promise<readonly ClaimRecord[]> {
    if (this.#settings.run === 1) return [];
    const evidence = this.#settings.number % 2 === 0 ? evidenceOf(this.#past, isGone) : [];
    while (!this.#changes.finished) {
      const reply = await this.#send('claim', { ...this.#claimant(), limit: SESSIONS_MAX, resume: true, evidence });
      if (reply.ok) return reply.claims;
      if (reply.reason !== 'busy') return [];
      await this.#changes.next(IDLE_MS);
    }
    return [];
  }

  async #claim(): Promise<readonly ClaimRecord[]> {
    const kinds = this.#random.chance(0.2) ? { kinds: [this.#random.pick(['write', 'review', 'translate'])] } : {};
    const limit = this.#random.chance(0.3) ? SESSIONS_MAX : 1;
    const reply = await this.#send('claim', { ...this.#claimant(), ...kinds, limit });
    if (reply.ok) return reply.claims;
    if (this.#random.chance(0.3)) await this.#recover();
    await this.#changes.next(IDLE_MS);
    return [];
  }

  async #recover(): Promise<void> {
    await this.#send('recover', { agent: this.#settings.agent, instance: this.#instance });
  }

  /** @returns the claims to continue with, if the release brought some */
  async #work(claims: readonly ClaimRecord[]): Promise<readonly ClaimRecord[]> {
    const kept: ClaimRecord[] = [];
    for (const claim of claims) if (await this.#workOn(claim)) kept.push(claim);
    if (kept.length === 0) return [];
    const items = kept.map((claim) => ({ ...this.#holder(claim), ...this.#outcome() }));
    const next = this.#random.chance(0.3) ? { claimNext: { ...this.#terms(), limit: items.length } } : {};
    return (await this.#send('release', { items, ...next })).next;
  }

  /** @returns whether the lease was kept */
  async #workOn(claim: ClaimRecord): Promise<boolean> {
    for (let step = this.#random.between(0, 3); step > 0; step -= 1) {
      const reply = this.#random.chance(0.5)
        ? await this.#send('heartbeat', { ...this.#holder(claim), progress: { step } })
        : await this.#send('checkpoint', { ...this.#holder(claim), nextAction: `step ${step} of ${claim.task.id}` });
      if (!reply.ok) return false;
    }
    return true;
  }

  #holder({ lease: { token } }: ClaimRecord) {
    return { token, instance: this.#instance };
  }

  #outcome(): Pick<SentCalls['release']['request']['items'][number], 'outcome' | 'error' | 'note' | 'result'> {
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
  async #send<C extends JournaledCallName>(
    command: C,
    request: Omit<SentCalls[C]['request'], 'commandId' | 'seed'>,
  ): Promise<SentCalls[C]['reply']> {
    const identified = { ...request, ...identityFor(command) } as SentCalls[C]['request'];
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#calls.call(command, identified);
      } catch (error) {
        if (tries >= RETRIED_WHEN_THROWN_MAX) throw error;
      }
    }
  }
}

/** What makes a command the same when it is sent again, by this run or the next. */
function identityFor(command: JournaledCallName): { readonly commandId?: string; readonly seed?: string } {
  if (command === 'heartbeat') return {};
  const commandId = newCommandId();
  return command === 'claim' || command === 'release' ? { commandId, seed: seedFor(commandId) } : { commandId };
}
