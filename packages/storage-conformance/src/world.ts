import {
  Orchestrator,
  type ClaimRecord,
  type EventRecord,
  type EventType,
  type OrchestratorOptions,
  type RowStore,
  type Storage,
  type TaskRecord,
} from '@agent-orchestrator/core';
import { claimCall, commandIdAt, holderOf, seedNumber, type ClaimCall, type TaskCall } from './factories.ts';
import { assertSame, readAll, type Everything } from './everything.ts';
import type { Opened, RowsOpener, Target } from './target.ts';
import type { TestClock } from './test-clock.ts';

/** What a case is given: new data, two connections to it, an orchestrator on each, and the clock. */
export class World {
  readonly target: Target;
  readonly opened: Opened;
  readonly storage: Storage;
  readonly peer: Storage;
  readonly clock: TestClock;
  /** Works on `storage`. */
  readonly orchestrator: Orchestrator;
  /** Works on `peer`. */
  readonly rival: Orchestrator;
  /** The connection that is asked at the end whether all is consistent; a case that closes it names another. */
  ref: Storage;
  #commands = 0;
  #seeds = 0;
  readonly #opened: { close(): Promise<void> }[] = [];
  #other: { readonly opened: Opened; readonly stores: RowStore[] } | undefined;

  constructor(target: Target, opened: Opened) {
    this.target = target;
    this.opened = opened;
    this.storage = opened.storage;
    this.peer = opened.peer;
    this.clock = opened.clock;
    this.ref = opened.peer;
    this.orchestrator = this.orchestratorOn(this.storage);
    this.rival = this.orchestratorOn(this.peer);
  }

  /** An id that no other command of this world has. */
  readonly newCommandId = (): string => {
    this.#commands += 1;
    return commandIdAt(this.clock.now, this.#commands);
  };

  /** A seed that no other claim of this world has. */
  readonly newSeed = (): string => {
    this.#seeds += 1;
    return seedNumber(this.#seeds);
  };

  /** What lets a claim be sent again as it was: the same id, and the same seed. */
  newIdentity(): { commandId: string; seed: string } {
    return { commandId: this.newCommandId(), seed: this.newSeed() };
  }

  orchestratorOn(storage: Storage, options: Partial<OrchestratorOptions> = {}): Orchestrator {
    return new Orchestrator({ storage, newCommandId: this.newCommandId, newSeed: this.newSeed, ...options });
  }

  /** Closes at the end of the case what it opened. */
  closeLater(opened: { close(): Promise<void> }): void {
    this.#opened.push(opened);
  }

  /** Further data, new and empty, with the same time. They end when the next ones begin. */
  async other(): Promise<Opened> {
    await this.#closeOther();
    const opened = await this.#rowsOpener.other();
    this.#other = { opened, stores: [] };
    opened.clock.set(this.clock.read());
    return opened;
  }

  /** The rows of the data of this world, or of others. */
  async rows(opened: Opened = this.opened, mode: Parameters<RowsOpener['open']>[1] = 'existing'): Promise<RowStore> {
    const store = await this.#rowsOpener.open(opened, mode);
    if (opened === this.#other?.opened) this.#other.stores.push(store);
    else this.closeLater({ close: async () => store[Symbol.asyncDispose]() });
    return store;
  }

  get #rowsOpener(): RowsOpener {
    const { rows } = this.target;
    if (rows === undefined) throw new Error('the target does not open rows');
    return rows;
  }

  async close(): Promise<void> {
    for (const opened of this.#opened.toReversed()) await opened.close();
    await this.#closeOther();
  }

  async #closeOther(): Promise<void> {
    for (const store of this.#other?.stores ?? []) await store[Symbol.asyncDispose]();
    await this.#other?.opened.close();
    this.#other = undefined;
  }

  /** Given: a task. */
  async add(task: TaskCall = {}): Promise<TaskRecord> {
    return (await this.orchestrator.enqueueTask(task)).task;
  }

  /** Given: a session with these tasks in it, in order of age. */
  async addSession(sessionId: string, tasks: readonly TaskCall[] = [{}]): Promise<TaskRecord[]> {
    const added: TaskRecord[] = [];
    for (const task of tasks) {
      added.push(await this.add({ sessionId, ...task }));
      this.clock.advance(1);
    }
    return added;
  }

  /** Given: a lease, of whatever is claimed. */
  async claim(call: Partial<ClaimCall> = {}): Promise<ClaimRecord> {
    return claimed(await this.orchestrator.claimTask(claimCall(call)));
  }

  /** Given: a task under a lease. */
  async claimNew(task: TaskCall = {}, call: Partial<ClaimCall> = {}): Promise<ClaimRecord> {
    const { sessionId } = await this.add(task);
    return this.claim({ sessionId, ...call });
  }

  /** Given: a lease that was ended by its holder. */
  async release(claim: ClaimRecord, call: Partial<Parameters<Orchestrator['releaseTask']>[0]> = {}) {
    return this.orchestrator.releaseTask({ ...holderOf(claim), outcome: 'succeeded', ...call });
  }

  /** The log, or a session's part of it. */
  async events(filter: Parameters<Orchestrator['listEvents']>[0] = {}): Promise<readonly EventRecord[]> {
    return (await this.rival.listEvents({ limit: 500, ...filter })).items;
  }

  async eventTypes(sessionId?: string): Promise<EventType[]> {
    return (await this.events(sessionId === undefined ? {} : { sessionId })).map(({ type }) => type);
  }

  async task(id: string): Promise<TaskRecord> {
    const task = await this.rival.getTask(id);
    if (task === null) throw new Error(`there is no task ${id}`);
    return task;
  }

  async session(id: string) {
    const session = await this.rival.getSession(id);
    if (session === null) throw new Error(`there is no session ${id}`);
    return session;
  }

  /** All rows and the whole log, to show that nothing changed. */
  async everything(): Promise<Everything> {
    return readAll(this.peer);
  }

  /** Asserts that an action, whatever it answers, leaves every row and the log as they were. */
  async changesNothing<T>(act: () => Promise<T>): Promise<T> {
    const before = await this.everything();
    const result = await act();
    assertSame(await this.everything(), before);
    return result;
  }
}

/** What was claimed. */
export function claimed(reply: Awaited<ReturnType<Orchestrator['claimTask']>>): ClaimRecord {
  if (!reply.ok) throw new Error(`nothing was claimed: ${reply.reason}`);
  return reply;
}
