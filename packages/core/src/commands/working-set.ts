import { chained, chainedToAgent } from '../log/chain.ts';
import type { After, Decision } from './command.ts';
import { internalError } from '../model/errors.ts';
import type { AgentEventDraft, EventDraft, NewEvent } from '../log/events.ts';
import { evolve } from '../log/evolve.ts';
import { evolveAgent } from '../log/evolve-agent.ts';
import type { Agent } from '../model/agent.ts';
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
  readonly #sessions = new Rows<Session>(({ id }) => id);
  readonly #tasks = new Rows<Task>(({ id }) => id);
  readonly #agents = new Rows<Agent>(({ name }) => name);

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
    for (const agent of loaded.agents) this.#agents.load(agent);
  }

  /** Numbers, dates and chains the events, and evolves the rows; then applies the renewals. */
  apply({ events, agentEvents = [], renewals = [] }: Decision<unknown>): void {
    for (const draft of events) this.#happened(draft);
    for (const draft of agentEvents) this.#registered(draft);
    for (const renewal of renewals) this.#renewed(renewal);
    this.#pullBackDeadlines();
  }

  readonly after: After = {
    session: (id) => this.#sessions.get(this.#namespace, id) ?? missing('session', id),
    task: (id) => this.#tasks.get(this.#namespace, id) ?? missing('task', id),
    agent: (name) => this.#agents.get(this.#namespace, name) ?? missing('agent', name),
  };

  get sessions(): Change<Session>[] {
    return this.#sessions.changes();
  }

  get tasks(): Change<Task>[] {
    return this.#tasks.changes();
  }

  get agents(): Change<Agent>[] {
    return this.#agents.changes();
  }

  #happened(draft: EventDraft): void {
    const namespace = draft.namespace ?? this.#namespace;
    const session = this.#sessions.get(namespace, draft.sessionId);
    const task = draft.taskId === undefined ? null : this.#tasks.get(namespace, draft.taskId);
    const event = chained(draft, session, { namespace, commandId: this.#commandId ?? null, now: this.#now });

    const next = evolve({ session, task }, event, draft.payload);
    this.#sessions.put(next.session);
    if (next.task !== null) this.#tasks.put(next.task);
    this.events.push(event);
  }

  #registered(draft: AgentEventDraft): void {
    const agent = this.#agents.get(this.#namespace, draft.name);
    const commandId = this.#commandId ?? null;
    const event = chainedToAgent(draft, agent, { namespace: this.#namespace, commandId, now: this.#now });
    this.#agents.put(evolveAgent(agent, event, draft.payload));
    this.events.push(event);
  }

  /** Corrects, under the lock, every deadline that a wrong clock set too far ahead. */
  #pullBackDeadlines(): void {
    this.#sessions.each((session) => {
      if (isHeld(session) && isTooFarAhead(session, this.#now)) this.#sessions.put(pullBack(session, this.#now));
    });
  }

  #renewed(renewal: Renewal): void {
    const { sessionId } = renewal;
    const session = this.after.session(sessionId);
    if (!isHeld(session)) throw internalError(`Session ${sessionId} is not held, so it cannot be renewed.`);
    this.#sessions.put(renew(session, this.#now, renewal));
  }
}

/** A row as it was loaded (null: it is new), and as it is now. */
interface Entry<Row> {
  readonly before: Row | null;
  after: Row;
}

/** Rows by namespace and id, or name. */
class Rows<Row extends { readonly namespace: string; readonly version: number }> {
  readonly #idOf: (row: Row) => string;
  /** By namespace, then by id: a key made of both would be a new text with each look-up. */
  readonly #entries = new Map<string, Map<string, Entry<Row>>>();
  /** In the order of the first change. */
  readonly #changed: Entry<Row>[] = [];

  constructor(idOf: (row: Row) => string) {
    this.#idOf = idOf;
  }

  load(row: Row): void {
    this.#in(row.namespace).set(this.#idOf(row), { before: row, after: row });
  }

  get(namespace: string, id: string): Row | null {
    return this.#entries.get(namespace)?.get(id)?.after ?? null;
  }

  /** As they are now. */
  each(use: (row: Row) => void): void {
    for (const entries of this.#entries.values()) for (const { after } of entries.values()) use(after);
  }

  put(row: Row): void {
    const entries = this.#in(row.namespace);
    const id = this.#idOf(row);
    const entry = entries.get(id);
    if (entry === undefined) {
      const added = { before: null, after: row };
      entries.set(id, added);
      this.#changed.push(added);
    } else if (entry.after !== row) {
      if (entry.after === entry.before) this.#changed.push(entry);
      entry.after = row;
    }
  }

  /** What changed, each with the next version number. */
  changes(): Change<Row>[] {
    return this.#changed.map(({ before, after }) => ({
      before,
      after: { ...after, version: (before?.version ?? 0) + 1 },
    }));
  }

  #in(namespace: string): Map<string, Entry<Row>> {
    let entries = this.#entries.get(namespace);
    if (entries === undefined) this.#entries.set(namespace, (entries = new Map()));
    return entries;
  }
}

function missing(what: string, id: string): never {
  throw internalError(`The ${what} ${id} was not loaded.`);
}
