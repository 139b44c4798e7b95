import { chained } from '../log/chain.ts';
import type { After, Decision } from './command.ts';
import { internalError } from '../model/errors.ts';
import type { EventDraft, NewEvent } from '../log/events.ts';
import { evolve } from '../log/evolve.ts';
import { pullBack, renew, type Renewal } from '../log/renewal.ts';
import { isHeld, isTooFarAhead } from '../model/lease.ts';
import type { Session } from '../model/session.ts';
import type { Change } from '../storage/write-set.ts';
import type { Loaded } from '../storage/loaded.ts';
import type { Task } from '../model/task.ts';

/** The rows of one unit of work: as they were loaded, and after its events. */
export class WorkingSet {
  readonly events: NewEvent[] = [];
  readonly #namespace: string;
  readonly #commandId: string | undefined;
  readonly #now: number;
  readonly #sessions = new Rows<Session>((session) => keyOf(session.namespace, session.id));
  readonly #tasks = new Rows<Task>((task) => keyOf(task.namespace, task.id));

  constructor(loaded: Loaded, namespace: string, commandId: string | undefined) {
    this.#namespace = namespace;
    this.#commandId = commandId;
    this.#now = loaded.now;
    for (const { session, task, head } of loaded.sessions) {
      this.#sessions.load(session);
      if (task !== null) this.#tasks.load(task);
      if (head !== null) this.#tasks.load(head);
    }
    for (const task of loaded.tasks) this.#tasks.load(task);
  }

  /** Numbers, dates and chains the events, and evolves the rows; then applies the renewals. */
  apply({ events, renewals = [] }: Decision<unknown>): void {
    for (const draft of events) this.#happened(draft);
    for (const renewal of renewals) this.#renewed(renewal);
    this.#pullBackDeadlines();
  }

  readonly after: After = {
    session: (id) => this.#sessions.get(keyOf(this.#namespace, id)) ?? missing('session', id),
    task: (id) => this.#tasks.get(keyOf(this.#namespace, id)) ?? missing('task', id),
  };

  get sessions(): Change<Session>[] {
    return this.#sessions.changes();
  }

  get tasks(): Change<Task>[] {
    return this.#tasks.changes();
  }

  #happened(draft: EventDraft): void {
    const namespace = draft.namespace ?? this.#namespace;
    const session = this.#sessions.get(keyOf(namespace, draft.sessionId)) ?? null;
    const task = draft.taskId === undefined ? null : (this.#tasks.get(keyOf(namespace, draft.taskId)) ?? null);
    const event = chained(draft, session, { namespace, commandId: this.#commandId ?? null, now: this.#now });

    const next = evolve({ session, task }, event, draft.payload);
    this.#sessions.put(next.session);
    if (next.task !== null) this.#tasks.put(next.task);
    this.events.push(event);
  }

  /** Corrects, under the lock, every deadline that a wrong clock set too far ahead. */
  #pullBackDeadlines(): void {
    for (const session of this.#sessions.all())
      if (isHeld(session) && isTooFarAhead(session, this.#now)) this.#sessions.put(pullBack(session, this.#now));
  }

  #renewed(renewal: Renewal): void {
    const { sessionId } = renewal;
    const session = this.after.session(sessionId);
    if (!isHeld(session)) throw internalError(`Session ${sessionId} is not held, so it cannot be renewed.`);
    this.#sessions.put(renew(session, this.#now, renewal));
  }
}

/** Rows by key, each with its state when it was loaded. */
class Rows<Row extends { readonly version: number }> {
  readonly #before = new Map<string, Row>();
  readonly #after = new Map<string, Row>();
  readonly #keyOf: (row: Row) => string;

  constructor(keyOfRow: (row: Row) => string) {
    this.#keyOf = keyOfRow;
  }

  load(row: Row): void {
    this.#before.set(this.#keyOf(row), row);
  }

  get(key: string): Row | undefined {
    return this.#after.get(key) ?? this.#before.get(key);
  }

  /** As they are now. */
  all(): Row[] {
    return [...new Map([...this.#before, ...this.#after]).values()];
  }

  put(row: Row): void {
    this.#after.set(this.#keyOf(row), row);
  }

  /** What changed, each with the next version number, in the order of the first change. */
  changes(): Change<Row>[] {
    const changed = [...this.#after].map(([key, after]) => ({ before: this.#before.get(key) ?? null, after }));
    return changed.flatMap(({ before, after }) =>
      before === after ? [] : [{ before, after: { ...after, version: (before?.version ?? 0) + 1 } }],
    );
  }
}

function keyOf(namespace: string, id: string): string {
  return `${namespace}\n${id}`;
}

function missing(what: string, id: string): never {
  throw internalError(`The ${what} ${id} was not loaded.`);
}
