import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Orchestrator } from '@agent-orchestrator/core';
import { giveBack, ownProcess, StoreAccess, type RegisteredHost } from '@agent-orchestrator/runtime';
import { Calls } from '../../src/calls.ts';
import type { HeldTasks } from '../../src/leases/held-tasks.ts';
import { HostSide } from '../../src/leases/host-side.ts';
import { newInstance } from '../../src/leases/server-run.ts';
import { PROFILES, type Profile } from '../../src/profiles.ts';

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

/** The tools of one server without a connection, for a host of its own, on a store in memory. No keeper renews. */
export class Workplace implements AsyncDisposable {
  readonly store: StoreAccess;
  readonly log: string[] = [];
  readonly calls: Calls;
  readonly #folder = mkdtempSync(join(tmpdir(), 'mcp-host-'));
  readonly #side: HostSide;
  readonly #profile: Profile;
  readonly #agent: string;

  constructor({
    store = new StoreAccess('memory:', 'default'),
    agent = 'company-agent',
    roles = [],
    profile = 'agent',
  }: WorkplaceOptions = {}) {
    this.store = store;
    this.#profile = profile;
    this.#agent = agent;
    const terms = {
      agent,
      roles,
      instance: newInstance(),
      ttlMs: 120_000,
      staleAfterMs: 60_000,
      parkAfterMs: 1_800_000,
    };
    const place = { store, url: 'memory:', namespace: 'default', keeperProgram: null };
    this.#side = new HostSide({ ...terms, ...place, findHost: () => this.#host });
    this.calls = new Calls(
      (conversation) => this.#side.contextFor(conversation),
      (line) => this.log.push(line),
    );
  }

  /** What is held here. */
  get held(): HeldTasks {
    return this.#side.contextFor(null).held;
  }

  get #host(): RegisteredHost {
    const { pid } = process;
    const own = ownProcess() ?? { host: 'unknown', boot: '', pid, start: '' };
    return {
      name: 'test',
      agent: this.#agent,
      conversation: null,
      transcript: 'transcript.jsonl',
      process: own,
      folder: this.#folder,
    };
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

  /** What the keeper does when the host ends. */
  async end(): Promise<void> {
    const leases = this.held.all.map(({ lease }) => lease);
    await this.others((one) => giveBack(one, leases, { why: 'host_ended' }));
    for (const task of this.held.all) this.held.end(task, 'given back');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#side[Symbol.dispose]();
    await this.store[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
