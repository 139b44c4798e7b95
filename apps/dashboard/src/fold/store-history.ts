import type { Event } from '@agent-orchestrator/core';
import { EventIndex } from './event-index.ts';
import { LeaseHistory } from './lease-history.ts';
import { NumberedTexts } from './numbered-texts.ts';
import { TaskHistory } from './task-history.ts';

/**
 * The log of one namespace, folded into columns: what every task and every lease was, at any moment. It is small enough
 * to keep whole, so the past is a lookup and not a replay.
 */
export class StoreHistory {
  readonly names = new NumberedTexts();
  readonly events = new EventIndex();
  readonly tasks = new TaskHistory(this.names);
  readonly leases = new LeaseHistory(this.names);

  readonly #sessionNumbers = new Map<number, number>();

  /** The number of a session for people; null: it is not known. */
  sessionNumber(sessionId: string): number | null {
    return this.#sessionNumbers.get(this.names.knownNumberOf(sessionId)) ?? null;
  }

  /** How many events it has: the ordinal of the present. */
  get present(): number {
    return this.events.length;
  }

  apply(event: Event): void {
    this.events.add(event, this.names);
    if (event.streamKind !== 'session') return;
    const payload = objectIn(event.payload);
    if (event.type === 'session.opened' && typeof payload['number'] === 'number')
      this.#sessionNumbers.set(this.names.numberOf(event.streamId), payload['number']);
    const task = this.tasks.apply(event, payload, this.present);
    this.leases.apply(event, payload, this.present, task);
  }
}

/** A payload that was changed on disk may be anything: the check says so, and the history continues without it. */
function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
