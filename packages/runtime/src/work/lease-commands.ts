import type { ClaimRecord } from '@agent-orchestrator/core';
import { endedBy } from '../processes/exit-signals.ts';
import type { CommandExit } from '../processes/keeper.ts';
import { CommandProcess, type Descriptor } from '../processes/command-process.ts';
import { inheritedEnvironment } from '../processes/inherited-environment.ts';
import { leaseEnvironment } from '../processes/lease-environment.ts';
import type { LeaseFiles } from '../processes/lease-files.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
import { privateStore } from './private-store.ts';

/** How a handler starts a command. */
export interface StartInWork {
  /**
   * By default that of this process, where paths of the configuration are absolute. Those of the lease are added. A
   * password in `ORCHESTRATOR_STORE` is handed over in a private file.
   */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Its input, output and error output; by default nothing, and those of this process. */
  readonly stdio?: readonly [Descriptor, Descriptor, Descriptor];
}

/** A command that a handler has started under its lease. */
export interface StartedCommand extends Pick<CommandProcess, 'pid' | 'streams'> {
  /** Resolves when the command itself has ended. Processes that it started may still be alive. */
  readonly ended: Promise<CommandExit>;
  /** Ends all of it: SIGTERM, ten seconds, SIGKILL. */
  end(): Promise<void>;
}

/**
 * The commands of one handler, each with all that it starts. They are paused while the lease is in doubt, and ended
 * when it is lost or the handler ends.
 *
 * A lease names one group: that of the only keeper that has something to keep. While there are several, or one was
 * killed, it names none, and nothing proves the death of the holder.
 */
export class LeaseCommands {
  readonly #claim: ClaimRecord;
  readonly #keeper: LeaseKeeper;
  /** Each with its files. */
  readonly #commands = new Map<CommandProcess, LeaseFiles | null>();
  #isPaused = false;
  #wereStopped = false;
  #starting: Promise<unknown> = Promise.resolve();

  constructor(claim: ClaimRecord, keeper: LeaseKeeper) {
    this.#claim = claim;
    this.#keeper = keeper;
  }

  /** @throws an error that says why the command could not be started */
  start(words: readonly string[], options: StartInWork): Promise<StartedCommand> {
    // One after the other: each changes what the lease names.
    const started = this.#starting.then(() => this.#start(words, options));
    this.#starting = started.catch(() => {});
    return started;
  }

  pause(): void {
    this.#isPaused = true;
    for (const command of this.#commands.keys()) command.pause('doubt');
  }

  resume(): void {
    this.#isPaused = false;
    for (const command of this.#commands.keys()) command.resume('doubt');
  }

  /** Whether one of them was ended by a signal to stop that came from elsewhere: it may be for this process as well. */
  get wereStopped(): boolean {
    return this.#wereStopped;
  }

  /** Ends all of them. @returns whether nothing can be left */
  async end(): Promise<boolean> {
    await this.#starting;
    const all = [...this.#commands.keys()];
    await Promise.all(all.map(async (command) => command.terminate()));
    return all.every((command) => !command.mayBeLeft);
  }

  /** The handler has ended. If its lease is about to be released, the keepers are not needed any more. */
  leave(released: { readonly isLeaseOver: boolean }): void {
    for (const command of this.#commands.keys()) this.#leave(command, released);
  }

  async #start(words: readonly string[], { env, cwd, stdio }: StartInWork): Promise<StartedCommand> {
    const { lease, namespace } = { ...this.#claim, namespace: this.#claim.task.namespace };
    const given = env ?? inheritedEnvironment();
    // Before it can start anything, its holder must not count as dead any more.
    await this.#keeper.tellGroup(0);
    const { variables, files } = await privateStore(given, lease);
    const command = await CommandProcess.start(words, {
      lease,
      silentMs: Math.max(lease.ttlMs, lease.staleAfterMs),
      env: { ...given, ...variables, ...variablesOf(this.#claim, namespace) },
      cwd,
      stdio: stdio ?? ['ignore', 'inherit', 'inherit'],
      hasOwnGroup: true,
    }).catch((error: unknown) => {
      files?.[Symbol.dispose]();
      throw error;
    });
    this.#forgetEnded();
    this.#commands.set(command, files);
    if (this.#isPaused) command.pause('doubt');
    if (command.group !== null) files?.tellGroup(command.group);
    if (this.#commands.size === 1 && command.group !== null) void this.#keeper.tellGroup(command.group);
    const { pid, streams, ended } = command;
    let isEnding = false;
    void ended.then((end) => (this.#wereStopped ||= !isEnding && endedBy(end) !== null));
    const end = async () => {
      isEnding = true;
      await command.terminate();
    };
    return { pid, streams, ended, end };
  }

  #leave(command: CommandProcess, released: { readonly isLeaseOver: boolean }): void {
    command.leave(released);
    this.#commands.get(command)?.[Symbol.dispose]();
  }

  /** Of which their keepers have seen that nothing is left. */
  #forgetEnded(): void {
    for (const command of this.#commands.keys()) {
      if (!command.isProvedGone) continue;
      this.#leave(command, { isLeaseOver: true });
      this.#commands.delete(command);
    }
  }
}

function variablesOf(claim: ClaimRecord, namespace: string): NodeJS.ProcessEnv {
  const variables = leaseEnvironment(claim, { namespace, store: null });
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, value ?? undefined]));
}
