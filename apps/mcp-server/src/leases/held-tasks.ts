import type { ClaimRecord, LeaseRefusal } from '@agent-orchestrator/core';
import { isoSeconds, type Instant } from '@agent-orchestrator/runtime';
import { listed, refused, type Answer } from '../text/answer.ts';
import { short } from '../text/stored.ts';
import { HeldTask, type HeldTaskOptions } from './held-task.ts';

/** How many tasks are remembered after their lease. */
const REMEMBERED_MAX = 100;

/** The tasks that this process holds for its host, and what the model has to hear of them. */
export class HeldTasks {
  readonly #orchestrator: HeldTaskOptions['orchestrator'];
  readonly #held = new Map<string, HeldTask>();
  /** How each lease ended, by the name of its task; the last one last. */
  readonly #ended = new Map<string, string>();
  /** What happened without a call, by the name of the task. Each is told once, before the next answer. */
  readonly #notices = new Map<string, string>();
  #mustName = false;

  constructor(orchestrator: HeldTaskOptions['orchestrator']) {
    this.#orchestrator = orchestrator;
  }

  get all(): readonly HeldTask[] {
    return [...this.#held.values()];
  }

  get names(): readonly string[] {
    return [...this.#held.keys()];
  }

  /** A task that was claimed, but for whose answer the host did not wait. */
  get untold(): HeldTask | undefined {
    return this.all.find(({ isTold }) => !isTold);
  }

  /**
   * Whether each call has to name its task: from the second lease on, until none is held. A subagent that sends a call
   * again, without a name, would otherwise end the task of another one.
   */
  get mustName(): boolean {
    return this.#mustName;
  }

  /** @param since the clocks before the claim was sent */
  hold(claim: ClaimRecord, since: Instant, host: HeldTaskOptions['host']): HeldTask {
    const held = new HeldTask(claim, since, {
      orchestrator: this.#orchestrator,
      host,
      onLost: (lost, reply) => this.lose(lost, reply),
      onCancelRequested: ({ name }) => this.#notices.set(name, cancelNotice(name)),
    });
    this.#held.set(held.name, held);
    this.#mustName ||= this.#held.size > 1;
    this.#ended.delete(held.name);
    this.#notices.delete(held.name);
    return held;
  }

  /** The task that a call means: the one that it names, or the only one that is held. */
  find(task: string | undefined): HeldTask | Answer {
    if (task === undefined) {
      const [only] = this.all;
      if (only === undefined) return this.#nothingHeld();
      return this.#mustName ? this.#unnamed() : only;
    }
    const found = this.all.find(({ name, claim }) => name === task || claim.task.id === task);
    if (found !== undefined) return found;
    const ended = this.#ended.get(task);
    return refused(`${ended ?? `You do not hold ${short(task)}.`} ${this.holdings} Next: name a task that you hold.`);
  }

  /** What the model holds, as a sentence. */
  get holdings(): string {
    return this.#held.size === 0 ? 'You hold no task.' : `You hold ${listed(this.names)}.`;
  }

  /** Another process ended the lease, or the store has moved (null). */
  lose(held: HeldTask, reply: LeaseRefusal | null): string {
    const lost = lossOf(held.name, reply);
    if (!this.#held.has(held.name)) return lost;
    this.end(held, lost);
    this.#notices.set(held.name, `${lost} Stop that work.`);
    return lost;
  }

  /** The lease is over. `how` answers later calls about the task. */
  end(held: HeldTask, how: string): void {
    held.stop();
    this.#notices.delete(held.name);
    const now = this.#held.get(held.name);
    if (now !== undefined && now !== held) return;
    this.#held.delete(held.name);
    this.#mustName &&= this.#held.size > 0;
    this.#ended.delete(held.name);
    this.#ended.set(held.name, how);
    for (const name of this.#ended.keys()) if (this.#ended.size > REMEMBERED_MAX) this.#ended.delete(name);
  }

  /** Says nothing of it any more: the answer at hand says it. */
  forgetNotice({ name }: HeldTask): void {
    this.#notices.delete(name);
  }

  takeNotices(): string[] {
    const notices = [...this.#notices.values()];
    this.#notices.clear();
    return notices;
  }

  #nothingHeld(): Answer {
    const last = [...this.#ended.values()].at(-1);
    const before = last === undefined ? '' : ` ${last}`;
    return refused(
      `You hold no task.${before} Next: claim_task, or resume to take back what an earlier session of yours held.`,
    );
  }

  #unnamed(): Answer {
    const example = this.names.map((name) => `task: "${name}"`);
    return refused(`${this.holdings} Next: call again with ${listed(example, 'or')}.`);
  }
}

export function cancelNotice(name: string): string {
  return `Cancellation of ${name} was requested. Next: stop, then release_task with outcome cancelled.`;
}

function lossOf(name: string, reply: LeaseRefusal | null): string {
  if (reply === null) return `You no longer hold ${name}: its store was moved.`;
  const { endedBy, at, successor } = reply;
  const how = endedBy === null ? 'its lease is not known' : `${endedBy}${at === null ? '' : ` at ${isoSeconds(at)}`}`;
  const next = successor === undefined ? '' : `; ${successor.agent} holds its session now`;
  return `You no longer hold ${name}: ${how}${next}.`;
}
