/*
 * Given events, when a command, then events and a reply: the rules alone, without a storage.
 * The rows are what core's `evolve` makes of the events. What a command is shown of them is in `load.ts`.
 */
import { expect } from 'vitest';
import type { z } from 'zod';
import { more } from '../../src/api/command-runner.ts';
import type { After, Command, CommandInput, Known } from '../../src/commands/command.ts';
import { execute, requestHash, type Outcome } from '../../src/commands/execute.ts';
import { chained, chainedToAgent } from '../../src/log/chain.ts';
import type { AgentEventDraft, Event, EventDraft, NewEvent } from '../../src/log/events.ts';
import { evolve } from '../../src/log/evolve.ts';
import { evolveAgent } from '../../src/log/evolve-agent.ts';
import type { Agent } from '../../src/model/agent.ts';
import { NO_CLOCK, type ClockReading, type ClockState } from '../../src/model/clock.ts';
import { authorityTime } from '../../src/model/clock-authority.ts';
import { parseInput } from '../../src/model/fields.ts';
import { DEFAULTS } from '../../src/model/limits.ts';
import type { Receipt } from '../../src/model/receipt.ts';
import type { Session } from '../../src/model/session.ts';
import type { Task } from '../../src/model/task.ts';
import type { Loaded } from '../../src/storage/loaded.ts';
import type { Scope } from '../../src/storage/scope.ts';
import type { Change, WriteSet } from '../../src/storage/write-set.ts';
import { NOW, SEED, type Said } from './events.ts';
import { load, type Rows } from './load.ts';

/** The rows as these events leave them, at NOW. */
export function given(...events: readonly (Said | AgentEventDraft)[]): Store {
  return events.reduce(
    (store, one) => ('name' in one ? store.andOfAgent(one) : store.and(one)),
    new Store(NOTHING, NO_CLOCK, readingAt(NOW)),
  );
}

/** Rows at a time. Nothing in it changes: whatever happens makes another one. */
export class Store {
  readonly #rows: Rows;
  readonly clock: ClockState;
  readonly reading: ClockReading;

  constructor(rows: Rows, clock: ClockState, reading: ClockReading) {
    this.#rows = rows;
    this.clock = clock;
    this.reading = reading;
  }

  /** The authority's time. */
  get now(): number {
    return authorityTime(this.clock, this.reading);
  }

  get log(): readonly Event[] {
    return this.#rows.log;
  }

  /** With one more event. */
  and({ at = NOW, ...draft }: Said): Store {
    const { namespace = DEFAULTS.namespace, sessionId } = draft;
    const session = this.#rows.sessions.find((row) => row.namespace === namespace && row.id === sessionId) ?? null;
    const task = this.#rows.tasks.find((row) => row.namespace === namespace && row.id === draft.taskId) ?? null;
    const event = chained(draft, session, { namespace, commandId: null, now: at });
    const next = evolve({ session, task }, event);
    return this.#with(
      [next.session, next.task].flatMap((row) => row ?? []),
      [event],
    );
  }

  /** With one more event of the registry. */
  andOfAgent({ at = NOW, ...draft }: AgentEventDraft & { readonly at?: number }): Store {
    const { namespace } = DEFAULTS;
    const agent = this.#rows.agents.find((row) => row.namespace === namespace && row.name === draft.name) ?? null;
    const event = chainedToAgent(draft, agent, { namespace, commandId: null, now: at });
    return this.#with([], [event], [evolveAgent(agent, event)]);
  }

  /** So many milliseconds after NOW, and what the machine's clocks read then. */
  after(ms: number, reading: Partial<ClockReading> = {}): Store {
    return new Store(this.#rows, this.clock, { ...readingAt(NOW + ms), ...reading });
  }

  /** With what the store remembers of its machine's clocks. */
  remembering(clock: Partial<ClockState>): Store {
    return new Store(this.#rows, { ...this.clock, ...clock }, this.reading);
  }

  /** With these receipts. */
  withReceipts(receipts: readonly Receipt[]): Store {
    return new Store({ ...this.#rows, receipts }, this.clock, this.reading);
  }

  session(id: string, namespace: string = DEFAULTS.namespace): Session {
    return one(this.#rows.sessions, id, namespace);
  }

  task(id: string, namespace: string = DEFAULTS.namespace): Task {
    return one(this.#rows.tasks, id, namespace);
  }

  /** What a storage would load for this scope. */
  load(scope: Scope): Loaded {
    const { now, reading } = this;
    return { ...load(this.#rows, scope, now), now, clock: { ...this.clock, reading } };
  }

  /** Judges a command: the input is checked and filled in as the API does it. */
  when<Input extends CommandInput, Reply>(command: Command<Input, Reply>, call: object): Decided<Reply> {
    const input = inputOf(command, call, this.now);
    const hash = requestHash(command, input);
    // As the API does: once more if the registry gives the claimant other roles than those that were known, or if more
    // rows are needed.
    for (let known: Known = {}; ;) {
      const writes = execute(command, input, hash, this.load(command.scope(input, known)), known);
      if (writes.reply.kind === 'again') known = { ...known, registered: writes.reply.registered };
      else if (writes.reply.kind === 'needs') known = { ...known, needs: more(known.needs, writes.reply.needs) };
      else return new Decided(this.saved(writes), writes);
    }
  }

  /** With what a unit of work wrote. */
  saved({ sessions, tasks, agents, events, settledEnds = [], receipt, clock }: WriteSet<unknown>): Store {
    const rows = [...sessions, ...tasks].map(({ before, after }: Change<Session | Task>) => {
      expect(after.version, `the version of ${after.id}`).toBe((before?.version ?? 0) + 1);
      return after;
    });
    const saved = this.#with(
      rows,
      events,
      agents.map(({ after }) => after),
    );
    const receipts = receipt === null ? this.#rows.receipts : [...this.#rows.receipts, receipt];
    const settled = [...this.#rows.settled, ...settledEnds];
    return new Store({ ...saved.#rows, receipts, settled }, clock ?? this.clock, this.reading);
  }

  agent(name: string): Agent | undefined {
    return this.#rows.agents.find((row) => row.name === name);
  }

  #with(rows: readonly (Session | Task)[], events: readonly NewEvent[], added: readonly Agent[] = []): Store {
    const { sessions, tasks, agents, log } = this.#rows;
    const next = {
      sessions: replaced(
        sessions,
        rows.filter((row): row is Session => !isTask(row)),
      ),
      tasks: replaced(tasks, rows.filter(isTask)),
      agents: [...agents.filter(({ name }) => !added.some((agent) => agent.name === name)), ...added],
      log: [...log, ...events.map((event, at) => ({ ...event, id: log.length + 1 + at }))],
    };
    return new Store({ ...this.#rows, ...next }, this.clock, this.reading);
  }
}

/** What a command came to. */
export class Decided<Reply> {
  /** As it is afterwards. */
  readonly store: Store;
  readonly writes: WriteSet<Outcome<Reply>>;

  constructor(store: Store, writes: WriteSet<Outcome<Reply>>) {
    this.store = store;
    this.writes = writes;
  }

  get reply(): Reply {
    const outcome = this.writes.reply;
    if (outcome.kind === 'refused') throw outcome.error;
    if (outcome.kind !== 'reply') throw new Error('It was not decided: a clock jump has to be processed first.');
    return outcome.reply;
  }

  /** Expects exactly these events, and this reply unless the test is not about it. */
  then(events: readonly (Said | AgentEventDraft)[], reply: unknown = expect.anything()): Store {
    const said = events.map((draft) => plain('name' in draft ? draft : { ...draft, at: undefined }));
    expect(this.writes.events.map(told)).toEqual(said);
    expect(this.reply).toEqual(reply);
    return this.store;
  }
}

/** The error with this code, whose message says this. */
export function refusal(code: string, message: string | RegExp, field?: string): unknown {
  return expect.objectContaining({ code, message: expect.stringMatching(message) as string, ...(field && { field }) });
}

/** A UUIDv7 of a time, told apart from others of that time by a number. */
export function commandIdAt(at: number, number = 1): string {
  const time = at.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${number.toString(16).padStart(12, '0')}`;
}

/** A reading of the clocks of a machine that never slept. */
export function readingAt(now: number): ClockReading {
  return { wall: now, steady: now, uptime: now, boot: 'boot-1' };
}

/** The input of a call; what the API fills in is filled in. */
export function inputOf<Input extends CommandInput>(
  { input: schema }: Pick<Command<Input, never>, 'input'>,
  call: object,
  now = NOW,
): Input {
  const filled = { namespace: DEFAULTS.namespace, commandId: commandIdAt(now), seed: SEED };
  if (schema === null) return { namespace: filled.namespace, ...call } as unknown as Input;
  const { shape } = (schema as unknown as z.ZodLazy<z.ZodObject>).unwrap();
  // Of a release, only one that claims has a seed.
  const isSeeded = !('claimNext' in shape) || 'claimNext' in call;
  const taken = Object.fromEntries(
    Object.entries(filled).filter(([field]) => field in shape && (field !== 'seed' || isSeeded)),
  );
  return parseInput(schema, { ...taken, ...call });
}

/** For replies that look at no row. */
export const NO_ROWS: After = {
  session: () => expect.unreachable('the reply looked at a session'),
  task: () => expect.unreachable('the reply looked at a task'),
  agent: () => expect.unreachable('the reply looked at an agent'),
};

const NOTHING: Rows = { sessions: [], tasks: [], agents: [], log: [], receipts: [], settled: [] };

/** An event as a test says it: without the columns that are empty, and without what every event has. */
export function told(event: NewEvent): object {
  const { namespace, type, sessionId, taskId, agent, instance, fence, leaseEffect, payload, streamId } = event;
  if (event.streamKind === 'agent') return { type, name: streamId, payload: JSON.parse(payload) as object };
  const said = { type, sessionId, taskId, agent, instance, fence, leaseEffect, payload: JSON.parse(payload) as object };
  return plain({ ...said, ...(namespace !== DEFAULTS.namespace && { namespace }) });
}

function isTask(row: Session | Task): row is Task {
  return 'sessionId' in row;
}

function plain(draft: object | EventDraft): object {
  return Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== null && value !== undefined));
}

function one<Row extends Session | Task>(rows: readonly Row[], id: string, namespace: string): Row {
  const found = rows.find((row) => row.namespace === namespace && row.id === id);
  if (found === undefined) throw new Error(`There is no row ${id}.`);
  return found;
}

function replaced<Row extends Session | Task>(rows: readonly Row[], by: readonly Row[]): Row[] {
  const isSame = (a: Row, b: Row) => a.id === b.id && a.namespace === b.namespace;
  return [
    ...rows.map((row) => by.find((other) => isSame(row, other)) ?? row),
    ...by.filter((other) => !rows.some((row) => isSame(row, other))),
  ];
}
