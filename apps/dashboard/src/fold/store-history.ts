import type { Event } from '@agent-orchestrator/core';
import { Column } from './column.ts';
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

  /** By the number of the session's id: its number for people. */
  readonly #sessionNumbers = Column.ofIntegers();
  /** By session, in the order in which they were opened: the number of its id, and the ordinal. */
  readonly #sessions = Column.ofIntegers();
  readonly #opened = Column.ofIntegers();

  /** The number of a session for people; null: it is not known. */
  sessionNumber(sessionId: string): number | null {
    const number = this.#sessionNumbers.assigned(this.names.knownNumberOf(sessionId));
    return number === -1 ? null : number;
  }

  /** The greatest number of a session. */
  sessionNumberMax = 0;

  /** The ids and numbers of the sessions that were there at an ordinal. */
  *sessionIdsAt(ordinal: number): Generator<{ readonly id: string; readonly number: number }> {
    for (let session = this.#opened.countUpTo(ordinal) - 1; session >= 0; session -= 1) {
      const name = this.#sessions.at(session);
      yield { id: this.names.textOf(name) ?? '', number: this.#sessionNumbers.at(name) };
    }
  }

  /** How many events it has: the ordinal of the present. */
  get present(): number {
    return this.events.length;
  }

  apply(event: Event): void {
    this.events.add(event, this.names);
    if (event.streamKind !== 'session') return;
    const payload = objectIn(event.payload);
    if (event.type === 'session.opened' && typeof payload['number'] === 'number') {
      const name = this.names.numberOf(event.streamId);
      this.#sessionNumbers.assign(name, payload['number']);
      this.#sessions.push(name);
      this.#opened.push(this.present);
      this.sessionNumberMax = Math.max(this.sessionNumberMax, payload['number']);
    }
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
