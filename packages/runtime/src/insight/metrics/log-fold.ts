import {
  DEAD_LETTER_STATUSES,
  EVENT_DOCS,
  isEnded,
  LEASE_END_EVENTS,
  statusAfter,
  type EventRecord,
  type EventType,
  type Json,
  type TaskStatus,
} from '@agent-orchestrator/core';
import { isEndedByAnother } from '../ended-by-another.ts';
import { LABEL_VALUES_MAX, OTHER } from './catalogue.ts';
import { Tally } from './tally.ts';

/** What metrics need to know of a task before its next event. */
export interface KnownTask {
  readonly kind: string;
  /** Since when it can be claimed, or since when its lease is held (ms); null: not known. */
  readonly since: number | null;
}

/** Of so many open tasks the fold knows what was before. It asks again for those that it has forgotten. */
const TASKS_MAX = 20_000;

/**
 * Makes metrics of events, in the order of the log. It knows events by what they do to leases and statuses, so it knows
 * new types of events, too. Its memory is bounded, however long the log is.
 */
export class LogFold {
  readonly tally: Tally;
  readonly #tasks = new Map<string, KnownTask>();
  readonly #kinds: Set<string>;

  /** @param tally of the events before, if there were any */
  constructor(tally: Tally = new Tally()) {
    this.tally = tally;
    const kinds = tally.numbers('leases_granted_total').flatMap(([[kind]]) => kind ?? []);
    this.#kinds = new Set(kinds.filter((kind) => kind !== OTHER));
    for (const type of Object.keys(EVENT_DOCS)) tally.add('events_total', [type], 0);
  }

  /** Those of the events before which something must be known of their tasks, and is not. */
  unknown(events: readonly EventRecord[]): readonly EventRecord[] {
    const known = new Map<string, boolean>();
    return events.filter((event) => {
      const { namespace, taskId, type, payload, leaseEffect } = event;
      if (taskId === null) return false;
      const key = keyOf(namespace, taskId);
      const isKnown = type === 'task.queued' || (known.get(key) ?? this.#tasks.has(key));
      const status = statusAfter(type, payload as object);
      known.set(key, isEndedBy(status) ? false : isKnown || tellsOfTask(leaseEffect, status));
      return !isKnown && tellsOfTask(leaseEffect, status);
    });
  }

  /** @param before what was looked up of the event's task, if it was unknown */
  apply(event: EventRecord, before: KnownTask | null = null): void {
    const { type, namespace, taskId, agent, at } = event;
    this.tally.add('events_total', [type]);
    if (agent !== null) this.#see(agent, at);
    const payload = event.payload as Readonly<Record<string, Json>>;
    if (event.leaseEffect === 'refused')
      this.tally.add('late_writes_refused_total', [textOf(payload['operation']) ?? OTHER]);
    if (taskId === null) return;
    const key = keyOf(namespace, taskId);
    const known = before ?? this.#tasks.get(key) ?? null;
    this.#count(event, payload, known);
    this.#remember(key, event, payload, known);
  }

  /** Forgets what is too much. Between two pages of events. */
  trim(): void {
    for (const key of this.#tasks.keys()) {
      if (this.#tasks.size <= TASKS_MAX) return;
      this.#tasks.delete(key);
    }
  }

  #count(event: EventRecord, payload: Readonly<Record<string, Json>>, known: KnownTask | null): void {
    const { type, leaseEffect, at } = event;
    const { tally } = this;
    const kind = () => this.#kindOf(known);
    const since = known?.since ?? null;
    const seconds = (from: number) => Math.max(0, at - from) / 1_000;
    if (leaseEffect === 'granted') {
      tally.add('leases_granted_total', [kind()]);
      if (since !== null) tally.observe('task_wait_seconds', [kind()], seconds(since));
    }
    if (leaseEffect === 'ended') {
      const isByOthers = isEndedByAnother(type);
      const reason = (isByOthers ? textOf(payload['reason']) : null) ?? verbOf(type);
      tally.add('leases_ended_total', [kind(), reason]);
      if (since !== null) tally.observe('lease_seconds', [kind()], seconds(since));
      const lastSign = payload['heartbeat_at'];
      if (typeof lastSign === 'number') tally.observe('lease_silence_seconds', [kind()], seconds(lastSign));
    }
    if (isDeadLetter(statusAfter(type, payload))) {
      const reason = type !== 'task.failed' ? verbOf(type) : payload['outcome'] === null ? 'interruptions' : 'attempts';
      tally.add('dead_letters_total', [kind(), reason]);
    }
  }

  #remember(
    key: string,
    { type, at }: EventRecord,
    payload: Readonly<Record<string, Json>>,
    known: KnownTask | null,
  ): void {
    const status = statusAfter(type, payload);
    if (isEndedBy(status)) {
      this.#tasks.delete(key);
      return;
    }
    const kind = type === 'task.queued' ? textOf(payload['kind']) : known?.kind;
    if (kind === undefined || kind === null) return;
    const runAt = payload['run_at'];
    const since = typeof runAt === 'number' ? Math.max(runAt, at) : status === null ? (known?.since ?? null) : at;
    this.#tasks.set(key, { kind, since });
  }

  #see(agent: string, at: number): void {
    const max = LABEL_VALUES_MAX.agent;
    this.tally.setRecent('agent_last_seen_timestamp_seconds', [agent], at / 1_000, max);
  }

  /** The first kinds that were granted have a label of their own. */
  #kindOf(known: KnownTask | null): string {
    if (known === null) return OTHER;
    if (this.#kinds.size < LABEL_VALUES_MAX.kind) this.#kinds.add(known.kind);
    return this.#kinds.has(known.kind) ? known.kind : OTHER;
  }
}

/** Whether a lease ended by its holder, as the metrics tell reasons. */
export function isInterruption(reason: string): boolean {
  return !HOLDER_REASONS.has(reason);
}

const HOLDER_REASONS: ReadonlySet<string> = new Set(LEASE_END_EVENTS.holder.map(verbOf));

function tellsOfTask(leaseEffect: EventRecord['leaseEffect'], status: TaskStatus | null): boolean {
  return leaseEffect === 'granted' || leaseEffect === 'ended' || isDeadLetter(status);
}

function isEndedBy(status: TaskStatus | null): boolean {
  return status !== null && isEnded(status);
}

function isDeadLetter(status: TaskStatus | null): boolean {
  return status !== null && DEAD_LETTER_STATUSES.includes(status);
}

/** `task.succeeded` is `succeeded`. */
function verbOf(type: EventType): string {
  return type.slice(type.indexOf('.') + 1);
}

function keyOf(namespace: string, taskId: string): string {
  return `${namespace}\n${taskId}`;
}

function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
