import type { ClaimRecord, LeaseRefusal } from '@agent-orchestrator/core';
import { isoSeconds, type Holdings, type LeaseEnd } from '@agent-orchestrator/runtime';
import { durationText } from '@agent-orchestrator/runtime/duration';
import { listed, refused, type Answer } from '../text/answer.ts';
import { short } from '../text/stored-parts.ts';
import { HeldTask } from './held-task.ts';

/** How many tasks are remembered after their lease. */
const REMEMBERED_MAX = 100;

/** Of a notice that is about no task. */
const NOT_KEPT = '';

/** What happened without a call, by the name of the task. */
export type Notices = ReadonlyMap<string, string>;

/** The tasks that one host holds for one agent, and what the model has to hear of them. */
export class HeldTasks {
  readonly holdings: Holdings;
  readonly #onHold: (held: HeldTask) => void;
  /** How each lease ended, by the name of its task; the last one last. */
  readonly #ended = new Map<string, string>();
  /** Each is told once, before the next answer. */
  readonly #notices = new Map<string, string>();
  readonly #toldToCancel = new Set<number>();
  #mustName = false;

  /** @param onHold called when there is one more to keep */
  constructor(holdings: Holdings, onHold: (held: HeldTask) => void) {
    this.holdings = holdings;
    this.#onHold = onHold;
  }

  get all(): readonly HeldTask[] {
    const held: HeldTask[] = [];
    for (const lease of this.holdings.list()) {
      const task = new HeldTask(lease, this.holdings);
      const { ended, cancelRequested } = this.holdings.fateOf(lease);
      if (ended === undefined) held.push(task);
      else this.#hear(task, ended);
      if (ended === undefined && cancelRequested && !this.#toldToCancel.has(lease.fence)) {
        this.#toldToCancel.add(lease.fence);
        this.#notices.set(task.name, cancelNotice(task.name));
      }
    }
    return held;
  }

  get names(): readonly string[] {
    return this.all.map(({ name }) => name);
  }

  /** A task that was claimed, but for whose answer the host did not wait. */
  get untold(): HeldTask | undefined {
    return this.all.find(({ isTold }) => !isTold);
  }

  /** Whether each call has to name its task, so that no subagent ends the task of another one. */
  get mustName(): boolean {
    return this.#mustName || this.holdings.mustName;
  }

  #nameFromNowOn(): void {
    this.#mustName = true;
    try {
      this.holdings.nameFromNowOn();
    } catch {
      // The disk is full: then the next server of the host does not know it, if it comes before there is room.
    }
  }

  /** It counts as told when its answer was given. */
  hold(claim: ClaimRecord, conversation: string | null): HeldTask {
    this.holdings.setTold(claim.lease, false);
    const held = new HeldTask(this.holdings.add(claim, conversation), this.holdings);
    if (this.all.length > 1) this.#nameFromNowOn();
    this.#ended.delete(held.name);
    this.#notices.delete(held.name);
    this.#onHold(held);
    return held;
  }

  /** The task that a call means: the one that it names, or the only one that is held. */
  find(task: string | undefined): HeldTask | Answer {
    const { all } = this;
    if (task === undefined) {
      const [only] = all;
      if (only === undefined) return this.#nothingHeld();
      return this.mustName || all.length > 1 ? this.#unnamed() : only;
    }
    const found = all.find(({ name, lease }) => name === task || lease.taskId === task);
    if (found !== undefined) return found;
    const next = all.length === 0 ? 'claim_task, or resume' : 'name a task that you hold';
    return refused(`${this.#ended.get(task) ?? `You do not hold ${short(task)}.`} ${this.holdingsLine} Next: ${next}.`);
  }

  /** What the model holds, as a sentence. */
  get holdingsLine(): string {
    const { names } = this;
    return names.length === 0 ? 'You hold no task.' : `You hold ${listed(names)}.`;
  }

  /** What the model does when one task is done. */
  get next(): string {
    const { names } = this;
    return names.length === 0 ? 'claim_task' : `continue with ${listed(names, 'or')}`;
  }

  /** Another process ended the lease. */
  lose(held: HeldTask, reply: LeaseRefusal | null): string {
    const lost = lossOf(held.name, reply);
    if (!this.holdings.list().some(({ fence }) => fence === held.lease.fence)) return lost;
    this.#nameFromNowOn();
    this.end(held, lost);
    this.#notices.set(held.name, `${lost} Stop that work.`);
    return lost;
  }

  /** The lease is over. `how` answers later calls about the task. */
  end(held: HeldTask, how: string): void {
    this.holdings.remove(held.lease);
    this.#notices.delete(held.name);
    this.#ended.delete(held.name);
    this.#ended.set(held.name, how);
    for (const name of this.#ended.keys()) if (this.#ended.size > REMEMBERED_MAX) this.#ended.delete(name);
  }

  /** Says nothing of it any more: the answer at hand says it. */
  forgetNotice({ name }: HeldTask): void {
    this.#notices.delete(name);
  }

  /** Keepers were started again and again, and none has stayed. */
  warnNotKept(): void {
    this.#notices.set(
      NOT_KEPT,
      `Nothing renews the lease of ${listed(this.names)}: the program for it ends at once. ` +
        'Next: save your work by checkpoint, and tell your person to run `orchestrator doctor`.',
    );
  }

  /** A keeper is at work again, or nothing is held that needs one. */
  forgetNotKept(): void {
    this.#notices.delete(NOT_KEPT);
  }

  /**
   * Hears what the keeper has told. Once at the beginning of a call: what is heard later could contradict the text of
   * its answer, and belongs to the next one.
   */
  listen(): Notices {
    void this.all;
    return new Map(this.#notices);
  }

  /** Of what was heard when the call began, all that its answer does not say itself. It is told now. */
  tell(heard: Notices): string[] {
    const told = [...heard].filter(([name, notice]) => this.#notices.get(name) === notice);
    for (const [name] of told) this.#notices.delete(name);
    return told.map(([, notice]) => notice);
  }

  #hear(held: HeldTask, ended: LeaseEnd): void {
    if (ended.how === 'lost') return void this.lose(held, ended.reply);
    const idle = durationText(ended.idleMs);
    const parked = `${held.name} was parked at ${isoSeconds(ended.at)}: ${idle} without progress.`;
    this.#nameFromNowOn();
    this.end(held, parked);
    this.#notices.set(held.name, `${parked} Next: resume takes it back.`);
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
    return refused(`${this.holdingsLine} Next: call again with ${listed(example, 'or')}.`);
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
