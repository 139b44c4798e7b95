import type { Orchestrator } from '@agent-orchestrator/core';
import { Calls } from '../../src/calls.ts';
import { giveBack } from '../../src/leases/give-back.ts';
import { HeldTasks } from '../../src/leases/held-tasks.ts';
import { newInstance } from '../../src/leases/server-run.ts';
import { PROFILES, type Profile } from '../../src/profiles.ts';
import { StoreAccess } from '../../src/store-access.ts';

/** What a model sees of an answer. */
export interface ToolText {
  readonly text: string;
  readonly lines: readonly string[];
  readonly isError: boolean;
}

interface WorkplaceOptions {
  readonly store?: StoreAccess;
  readonly agent?: string;
  readonly roles?: readonly string[];
  readonly profile?: Profile;
}

/** The tools of one server without a connection, on a store of their own in memory. */
export class Workplace implements AsyncDisposable {
  readonly store: StoreAccess;
  readonly held: HeldTasks;
  readonly log: string[] = [];
  readonly calls: Calls;
  readonly #profile: Profile;
  readonly #agent: string;

  constructor({
    store = new StoreAccess('memory:', 'default'),
    agent = 'company-agent',
    roles = [],
    profile = 'agent',
  }: WorkplaceOptions = {}) {
    this.store = store;
    this.held = new HeldTasks({
      heartbeat: (call) => store.use('existing', (one) => one.heartbeat(call)),
      checkpoint: (call) => store.use('existing', (one) => one.checkpoint(call)),
    });
    this.#profile = profile;
    this.#agent = agent;
    const terms = { agent, roles, instance: newInstance(), ttlMs: 120_000, staleAfterMs: 60_000 };
    this.calls = new Calls({ ...terms, store, held: this.held }, (line) => this.log.push(line));
  }

  async call(name: string, input: object = {}, ended = new AbortController().signal): Promise<ToolText> {
    const tool = PROFILES[this.#profile].find((one) => one.name === name);
    if (tool === undefined) throw new Error(`there is no tool ${name}`);
    const { content, isError = false } = await this.calls.run(tool, input, ended);
    const { text } = content[0];
    return { text, lines: text.split('\n'), isError };
  }

  /** What others do with the store. */
  async others<R>(use: (orchestrator: Orchestrator) => Promise<R>): Promise<R> {
    return this.store.use('create', use);
  }

  /** What the server does when its host ends. */
  async end(): Promise<void> {
    const { calls, held, store, log } = this;
    await giveBack({ calls, held, store, agent: this.#agent, log: (line) => log.push(line) });
    for (const task of held.all) held.end(task, 'given back');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const held of this.held.all) held.stop();
    await this.store[Symbol.asyncDispose]();
  }
}
