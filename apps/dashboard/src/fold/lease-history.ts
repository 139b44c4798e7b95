import type { Event, EventType } from '@agent-orchestrator/core';
import { isEndedByAnother } from '@agent-orchestrator/runtime';
import { AgentTallies } from './agent-tallies.ts';
import { Column } from './column.ts';
import { numberOfType, typeOfNumber } from './event-index.ts';
import { Marks } from './marks.ts';
import type { NumberedTexts } from './numbered-texts.ts';

/** One lease, as it was at a moment. Times are milliseconds since 1970, UTC; null: not (yet). */
export interface LeaseMoment {
  readonly lease: number;
  readonly task: number;
  readonly agent: string | null;
  readonly host: string | null;
  readonly sessionId: string;
  readonly fence: number;
  readonly from: number;
  readonly until: number | null;
  /** The event that ended it. */
  readonly endedBy: EventType | null;
  /** The last sign of life of a holder whose lease another process ended. */
  readonly silentFrom: number | null;
  /** The holder's last checkpoint under this lease. */
  readonly savedAt: number | null;
  readonly refusedAt: number | null;
  /** The agent of the next lease of the session. */
  readonly nextAgent: string | null;
  readonly grantedOrdinal: number;
}

type Payload = Readonly<Record<string, unknown>>;

/** In milliseconds. */
interface Span {
  readonly from: number;
  readonly until: number;
}

/** All that there is. */
export const EVER: Span = { from: 0, until: Number.MAX_SAFE_INTEGER };

/** All leases in the order in which they were granted. */
export class LeaseHistory {
  readonly #names: NumberedTexts;
  readonly #granted = Column.ofIntegers();
  readonly #from = Column.ofLarge();
  readonly #ended = Column.ofIntegers();
  readonly #until = Column.ofLarge();
  readonly #endTypes = Column.ofBytes();
  readonly #tasks = Column.ofIntegers();
  readonly #sessions = Column.ofIntegers();
  readonly #agents = Column.ofIntegers();
  readonly #hosts = Column.ofIntegers();
  readonly #fences = Column.ofLarge();
  readonly #silent = Column.ofLarge();
  readonly #saves = new Marks();
  readonly #refusals = new Marks();
  /** The lease before it of the same session, of the same task, and the one after it of the session; -1: none. */
  readonly #before = Column.ofIntegers();
  readonly #beforeOfTask = Column.ofIntegers();
  readonly #next = Column.ofIntegers();
  /** By the number of the session, and of the task: its last lease. */
  readonly #lastOf = Column.ofIntegers();
  readonly #lastOfTask = Column.ofIntegers();
  /** Ordinals at which a lease was granted though the session was held. */
  readonly grantedWhileHeld: number[] = [];
  /** The late writes of former holders, in the order in which they were refused. */
  readonly late: { readonly lease: number; readonly ordinal: number; readonly at: number }[] = [];

  /** The leases that other processes ended, in the order in which they did. */
  readonly #interrupted: number[] = [];
  /** Of the present. */
  readonly tallies = new AgentTallies();

  constructor(names: NumberedTexts) {
    this.#names = names;
  }

  get length(): number {
    return this.#granted.length;
  }

  apply(event: Event, payload: Payload, ordinal: number, task: number): void {
    const session = this.#names.numberOf(event.streamId);
    const last = this.#lastOf.assigned(session);
    if (event.leaseEffect === 'granted') this.#grant(event, payload, ordinal, { session, last, task });
    if (last === -1) return;
    if (event.leaseEffect === 'ended') this.#end(last, event, payload, ordinal);
    if (event.leaseEffect === 'refused') this.#refuse(last, event, ordinal);
    if (event.type === 'session.checkpointed' && this.#ended.at(last) === 0) this.#saves.add(last, ordinal, event.at);
  }

  /** null: it was not granted yet. */
  momentOf(lease: number, ordinal: number): LeaseMoment | null {
    if (this.#granted.at(lease) > ordinal) return null;
    const ended = this.#ended.at(lease);
    const isOver = ended > 0 && ended <= ordinal;
    const next = this.#next.at(lease);
    const isFollowed = next >= 0 && this.#granted.at(next) <= ordinal;
    return {
      lease,
      task: this.#tasks.at(lease),
      agent: this.#names.textOf(this.#agents.at(lease)),
      host: this.#names.textOf(this.#hosts.at(lease)),
      sessionId: this.#names.textOf(this.#sessions.at(lease)) ?? '',
      fence: this.#fences.at(lease),
      from: this.#from.at(lease),
      until: isOver ? this.#until.at(lease) : null,
      endedBy: isOver ? typeOfNumber(this.#endTypes.at(lease)) : null,
      silentFrom: isOver && this.#silent.at(lease) > 0 ? this.#silent.at(lease) : null,
      savedAt: this.#saves.lastAt(lease, ordinal),
      refusedAt: this.#refusals.lastAt(lease, ordinal),
      nextAgent: isFollowed ? this.#names.textOf(this.#agents.at(next)) : null,
      grantedOrdinal: this.#granted.at(lease),
    };
  }

  /**
   * Those that were held at any time from `from` to `until`, in the order in which they were granted.
   *
   * @param agent null: all of them, here and below
   */
  *between({ from, until }: Span, ordinal: number, agent: string | null = null): Generator<LeaseMoment> {
    const isOfAgent = this.#isOf(agent);
    for (let lease = 0; lease < this.length; lease += 1) {
      if (this.#granted.at(lease) > ordinal) return;
      if (this.#from.at(lease) > until || !isOfAgent(lease)) continue;
      const ended = this.#ended.at(lease);
      if (ended > 0 && ended <= ordinal && this.#until.at(lease) < from) continue;
      const moment = this.momentOf(lease, ordinal);
      if (moment !== null) yield moment;
    }
  }

  /** How many were granted up to an ordinal. */
  countAt(ordinal: number): number {
    return this.#granted.countUpTo(ordinal);
  }

  /** When leases were granted up to an ordinal, in milliseconds. */
  *begins(ordinal: number, agent: string | null = null): Generator<number> {
    const isOfAgent = this.#isOf(agent);
    const count = this.countAt(ordinal);
    for (let lease = 0; lease < count; lease += 1) if (isOfAgent(lease)) yield this.#from.at(lease);
  }

  /** Those that other processes had ended, in the order in which they did. */
  *interrupted(ordinal: number, agent: string | null = null): Generator<LeaseMoment> {
    const isOfAgent = this.#isOf(agent);
    for (const lease of this.#interrupted) {
      if (this.#ended.at(lease) > ordinal) return;
      if (!isOfAgent(lease)) continue;
      const moment = this.momentOf(lease, ordinal);
      if (moment !== null) yield moment;
    }
  }

  *held(ordinal: number): Generator<LeaseMoment> {
    for (const moment of this.between({ from: Number.POSITIVE_INFINITY, until: Number.POSITIVE_INFINITY }, ordinal))
      if (moment.until === null) yield moment;
  }

  /** The last ones of a task, at most `max`, in the order in which they were granted. */
  ofTask(task: number, ordinal: number, max: number): readonly LeaseMoment[] {
    return this.#chained(this.#lastOfTask.assigned(task), this.#beforeOfTask, { ordinal, max });
  }

  /** The last ones of a session, at most `max`, in the order in which they were granted. */
  ofSession(sessionId: string, ordinal: number, max: number): readonly LeaseMoment[] {
    return this.#chained(this.#lastOf.assigned(this.#names.knownNumberOf(sessionId)), this.#before, { ordinal, max });
  }

  countOfTask(task: number, ordinal: number): number {
    return this.#count(this.#lastOfTask.assigned(task), this.#beforeOfTask, ordinal);
  }

  countOfSession(sessionId: string, ordinal: number): number {
    return this.#count(this.#lastOf.assigned(this.#names.knownNumberOf(sessionId)), this.#before, ordinal);
  }

  /** Names are compared by their numbers: there are few, and many leases. */
  #isOf(agent: string | null): (lease: number) => boolean {
    if (agent === null) return () => true;
    const number = this.#names.knownNumberOf(agent);
    return (lease) => number >= 0 && this.#agents.at(lease) === number;
  }

  #count(last: number, before: Column, ordinal: number): number {
    let count = 0;
    for (let lease = last; lease >= 0; lease = before.at(lease)) if (this.#granted.at(lease) <= ordinal) count += 1;
    return count;
  }

  #chained(
    last: number,
    before: Column,
    { ordinal, max }: { readonly ordinal: number; readonly max: number },
  ): readonly LeaseMoment[] {
    const found: LeaseMoment[] = [];
    for (let lease = last; lease >= 0 && found.length < max; lease = before.at(lease)) {
      const moment = this.momentOf(lease, ordinal);
      if (moment !== null) found.push(moment);
    }
    return found.toReversed();
  }

  #grant(
    event: Event,
    payload: Payload,
    ordinal: number,
    { session, last, task }: { readonly session: number; readonly last: number; readonly task: number },
  ): void {
    const lease = this.length;
    if (last >= 0) {
      this.#next.set(last, lease);
      if (this.#ended.at(last) === 0) this.grantedWhileHeld.push(ordinal);
    }
    this.#granted.push(ordinal);
    this.#from.push(event.at);
    this.#tasks.push(task);
    this.#sessions.push(session);
    this.#agents.push(this.#names.numberOf(event.agent));
    this.#hosts.push(this.#names.numberOf(typeof payload['host'] === 'string' ? payload['host'] : null));
    this.#fences.push(event.fence ?? 0);
    this.#before.push(last);
    this.#beforeOfTask.push(this.#lastOfTask.assigned(task));
    this.#next.push(-1);
    for (const column of [this.#ended, this.#endTypes, this.#until, this.#silent]) column.push(0);
    for (const marks of [this.#saves, this.#refusals]) marks.addThing();
    this.tallies.granted(this.#agents.at(lease));
    this.#lastOf.assign(session, lease);
    if (task >= 0) this.#lastOfTask.assign(task, lease);
  }

  #end(lease: number, event: Event, payload: Payload, ordinal: number): void {
    this.#ended.set(lease, ordinal);
    this.#until.set(lease, event.at);
    this.#endTypes.set(lease, numberOfType(event.type));
    const end = endOf({ endedBy: event.type });
    if (end !== 'running') this.tallies.ended(this.#agents.at(lease), end, event.at - this.#from.at(lease));
    if (!isEndedByAnother(event.type)) return;
    this.#interrupted.push(lease);
    const silent = payload['heartbeat_at'];
    if (typeof silent === 'number') this.#silent.set(lease, silent);
  }

  #refuse(last: number, { fence, at }: Event, ordinal: number): void {
    let lease = last;
    while (lease >= 0 && this.#fences.at(lease) !== fence) lease = this.#before.at(lease);
    if (lease < 0) return;
    this.#refusals.add(lease, ordinal, at);
    this.tallies.refused(this.#agents.at(lease));
    this.late.push({ lease, ordinal, at });
  }
}

/** How a lease ended, or that it has not. Work that was done counts as a success, also while it waits for a review. */
export const LEASE_ENDS = ['succeeded', 'failed', 'interrupted', 'running', 'other'] as const;

export function endOf({ endedBy }: Pick<LeaseMoment, 'endedBy'>): (typeof LEASE_ENDS)[number] {
  if (endedBy === null) return 'running';
  if (isEndedByAnother(endedBy)) return 'interrupted';
  if (endedBy === 'task.succeeded' || endedBy === 'task.review_requested') return 'succeeded';
  return endedBy === 'task.failed' ? 'failed' : 'other';
}

/** Whether another process than the holder ended it. */
export function isInterrupted({ endedBy }: Pick<LeaseMoment, 'endedBy'>): boolean {
  return endedBy !== null && isEndedByAnother(endedBy);
}
