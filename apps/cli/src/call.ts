import type { CallName, Orchestrator } from '@agent-orchestrator/core';
import type { CallerIdentity, Mentioned, Names, Settings, StoreMode } from '@agent-orchestrator/runtime';
import { SECRET_VARIABLES } from '@agent-orchestrator/runtime/secret-variables';
import { usage } from './failure.ts';
import type { LeaseOptions } from './input/lease.ts';
import type { Answer, Output } from './output/output.ts';

/** Options that every command takes. */
export interface CommonOptions {
  readonly store?: string;
  readonly agent?: string;
  readonly instance?: string;
  readonly namespace?: string;
  readonly commandId?: string;
  readonly json?: true;
  readonly quiet?: true;
  readonly configured?: LeaseOptions['configured'];
}

/** How long a read waits for a busy store before it fails. */
const READ_BUSY_TIMEOUT_MS = 1_000;

interface OpenOptions {
  readonly busyTimeoutMs?: number;
  readonly forOneCommand?: boolean;
}

/** One call of the command line: its options, its output, and its access to the store. */
export class Call<Options extends object = object> {
  readonly options: Options & CommonOptions;
  readonly output: Output;
  readonly #settings: Settings | null;

  constructor(options: Options & CommonOptions, output: Output, settings: Settings | null) {
    this.options = options;
    this.output = output;
    this.#settings = settings;
  }

  /** The settings with their origins. The options contain their values already. */
  get settings(): Settings {
    if (this.#settings === null) throw new Error('This command was defined without the configuration.');
    return this.#settings;
  }

  /**
   * Opens the store. Loads the runtime, which other commands do not need.
   *
   * @param mode `create` for commands that may be the first on a store, `read-only` for reads
   * @param busyTimeoutMs how long to wait for a store that does not answer, if the command decides that
   */
  async open(mode: StoreMode, busyTimeoutMs?: number): Promise<Orchestrator> {
    return this.#open(mode, { ...(busyTimeoutMs !== undefined && { busyTimeoutMs }) });
  }

  /** Opens it for a command that asks for `asOf` first and at once: the answer is that of the opening. */
  async openForAsOf(mode: StoreMode): Promise<Orchestrator> {
    return this.#open(mode, { forOneCommand: true });
  }

  async #open(mode: StoreMode, { busyTimeoutMs, ...options }: OpenOptions): Promise<Orchestrator> {
    const { openOrchestrator } = await import('./store-access.ts');
    const { namespace } = this.options;
    const patienceMs = mode === 'read-only' ? READ_BUSY_TIMEOUT_MS : busyTimeoutMs;
    return openOrchestrator(this.settings.store.value, {
      mode,
      ...options,
      ...(namespace !== undefined && { namespace }),
      ...(patienceMs !== undefined && { busyTimeoutMs: patienceMs }),
    });
  }

  /** The text of an answer that needs further reads, such as the time of the store. For programs nothing is read. */
  async text(read: () => Promise<Answer['text']>): Promise<Answer['text']> {
    return this.output.format === 'text' ? read() : () => [];
  }

  /** The short names of the tasks and sessions that an answer mentions. They are for people: programs get the ids. */
  async names(orchestrator: Orchestrator, mentioned: Mentioned): Promise<Names> {
    const { Names } = await import('./store-access.ts');
    const names = new Names();
    return this.output.format === 'text' ? names.learn(orchestrator, mentioned) : names;
  }

  /** Checks a call of the API. Malformed input throws here, before a store is opened or created. */
  async check(name: CallName, request: object): Promise<void> {
    const { checkCall } = await import('./store-access.ts');
    const { namespace } = this.options;
    checkCall(name, request, namespace === undefined ? {} : { namespace });
  }

  /** Who is asking, for the word "you" in an answer. */
  async caller(): Promise<CallerIdentity> {
    const { callerIdentity } = await import('./store-access.ts');
    const { agent, instance } = this.options;
    return callerIdentity({ agent: agent ?? this.settings.agent.value, instance });
  }

  /** The command id, for commands that change something. */
  get command(): { commandId?: string } {
    const { commandId } = this.options;
    return commandId === undefined ? {} : { commandId };
  }

  /**
   * The same for commands that can be granted a lease, whose token is made of the seed. The seed is a secret, so it
   * comes from the environment: every user of a machine can read a command line.
   */
  get grantingCommand(): { commandId?: string; seed?: string } {
    const { commandId } = this.command;
    if (commandId === undefined) return {};
    const seed = process.env[SECRET_VARIABLES.seed];
    if (seed === undefined || seed === '')
      throw usage(
        'A claim with --command-id needs a seed, of which the token of the lease is made.',
        'Set ORCHESTRATOR_SEED to 32 random hex digits, as `openssl rand -hex 16` prints, and keep it for each retry.',
        'seed',
      );
    return { commandId, seed };
  }

  /** The agent of this call: the configured one, or else that of the host above, or the user. It is mentioned once. */
  async requireAgent(): Promise<{ agent: string; instance?: string }> {
    const { agent, instance } = this.options;
    const name = agent ?? this.settings.agent.value;
    if (name === null)
      throw usage('This command needs the name of an agent.', 'Give --agent NAME, or set ORCHESTRATOR_AGENT.', 'agent');
    if (agent === undefined && this.output.format === 'text') {
      const { tellOnce } = await import('./store-access.ts');
      if (tellOnce('default-agent'))
        this.output.chatter(`you work as agent ${name}; --agent NAME or ORCHESTRATOR_AGENT gives another name`);
    }
    return { agent: name, ...(instance !== undefined && { instance }) };
  }

  /** A stream cannot be one document, because it does not end. */
  refuseJsonWith(flag: string): void {
    if (this.output.format === 'json')
      throw usage(`--json prints one document, but ${flag} never ends.`, 'Use --jsonl: one document per line.', 'json');
  }
}
