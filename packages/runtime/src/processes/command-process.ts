/*
 * A command as a process with everything that it starts, so that all of it can be signalled together
 * (processes/offspring.ts).
 *
 * Without a terminal, the command gets a session and a process group of its own (`setsid`).
 *
 * On a terminal, its own group would take the terminal away from it: no prompt for a password, no job control, and a
 * group in the background is stopped when it reads. So it stays in our group, as with `timeout --foreground`. The
 * terminal's own signals (Ctrl-C, Ctrl-Z) reach it directly.
 */
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { isatty } from 'node:tty';
import { setTimeout as pause } from 'node:timers/promises';
import { startProgram } from '../system/start-program.ts';
import { ControlGroup } from './control-group.ts';
import { survivesHangup } from './hangup.ts';
import { Keeper, keeperProgram, type CommandExit } from './keeper.ts';
import type { CarriedLease } from './lease-processes.ts';
import { Offspring, ownTag, type Started } from './offspring.ts';
import { readProcess } from './process-table.ts';

/** Why a command could not be started. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly why: 'not_found' | 'not_executable' | 'not_started';

  constructor(command: string, cause: unknown) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'not_found' : NOT_EXECUTABLE.has(code) ? 'not_executable' : 'not_started';
    super(`${command} ${MEANS[why]}${why === 'not_started' ? `: ${message}` : ''}`, { cause });
    this.why = why;
  }
}

const NOT_EXECUTABLE: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'ENOEXEC', 'EISDIR', 'ENOTDIR']);
const MEANS = {
  not_found: 'was not found',
  not_executable: 'cannot be executed',
  not_started: 'could not be started',
} as const;

/** How long processes have to end after SIGTERM. */
const GRACE_MS = 10_000;
/** How often to look whether all of it has ended. */
const LOOK_MS = 50;
/** After the time of a lease: until then, a claim may look for what its holder left. */
const LINGER_MORE_MS = 10_000;

/** What a command gets as a descriptor. */
export type Descriptor = 'inherit' | 'ignore' | 'pipe' | number;

export interface StartOptions {
  readonly lease: CarriedLease;
  /** After this time without a heartbeat, the lease is over in any case. */
  readonly silentMs: number;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string | undefined;
  readonly stdio: readonly [Descriptor, Descriptor, Descriptor];
  /** Whether it gets a session of its own; else it is in our group. */
  readonly hasOwnGroup: boolean;
  readonly descriptors?: readonly number[] | undefined;
}

export class CommandProcess {
  readonly pid: number;
  /** The group that a lease names: that of its keeper, else its own; null: the system has none. */
  readonly group: number | null;
  /**
   * Resolves when the command itself has ended, or could not be ended. Processes that it started may still be alive.
   */
  readonly ended: Promise<CommandExit>;
  /** Its standard streams, where they are pipes. */
  readonly streams: Pick<ChildProcess, 'stdin' | 'stdout' | 'stderr'>;
  readonly #started: Started;
  readonly #offspring: Offspring;
  readonly #lingerMs: number;
  readonly #gaveUp = Promise.withResolvers<CommandExit>();
  readonly #pausedFor = new Set<string>();

  private constructor(
    started: Started,
    streams: CommandProcess['streams'],
    ended: Promise<CommandExit>,
    lingerMs: number,
  ) {
    const { pid, hasOwnGroup, keeper } = started;
    this.pid = pid;
    this.group = keeper?.pid ?? (hasOwnGroup ? pid : (readProcess(process.pid)?.group ?? null));
    this.ended = Promise.race([ended, this.#gaveUp.promise]);
    this.streams = streams;
    this.#started = started;
    this.#offspring = new Offspring(started);
    this.#lingerMs = lingerMs;
  }

  /**
   * Starts it without a shell: the first word is looked up in the PATH, the others are its arguments, unchanged. On
   * Linux it is started by a keeper, in a cgroup of its own where one can be made.
   *
   * @throws a `StartError`; then nothing has run
   */
  static async start(words: readonly string[], options: StartOptions): Promise<CommandProcess> {
    try {
      return (await startKept(words, options)) ?? (await startAlone(words, options));
    } catch (error) {
      throw new StartError(words[0] ?? '', error);
    }

    async function startKept(
      words: readonly string[],
      { lease, silentMs, env, cwd, stdio, hasOwnGroup, descriptors = [] }: StartOptions,
    ): Promise<CommandProcess | null> {
      if (keeperProgram() === null) return null;
      const tag = ownTag(lease.fence);
      const lingerMs = silentMs + LINGER_MORE_MS;
      let cgroup = ControlGroup.make(tag);
      const keeper = await Keeper.start({
        words,
        env,
        cwd,
        stdio: withFurther(stdio, descriptors),
        tag,
        ownSession: hasOwnGroup,
        lingerMs,
        joinFile: cgroup?.joinFile ?? null,
      }).catch((error: unknown) => {
        cgroup?.remove();
        throw error;
      });
      if (keeper === null || keeper.isOutsideGroup) {
        cgroup?.remove();
        cgroup = null;
      }
      if (keeper === null) return null;
      const started: Started = {
        lease,
        pid: keeper.command,
        hasOwnGroup,
        keeper,
        cgroup,
        isAlive: () => !keeper.hasCommandEnded,
      };
      return new CommandProcess(started, keeper.child, keeper.ended, lingerMs);
    }

    /** Where no keeper can be executed. */
    async function startAlone(
      [command = '', ...args]: readonly string[],
      { lease, env, cwd, stdio, hasOwnGroup, descriptors = [] }: StartOptions,
    ): Promise<CommandProcess> {
      const all: StdioOptions = [...withFurther(stdio, descriptors)];
      const place = cwd === undefined ? {} : { cwd };
      const child = startProgram(command, args, { env, ...place, stdio: all, detached: hasOwnGroup });
      const ended = new Promise<CommandExit>((resolve) =>
        child.once('exit', (code, signal) => resolve({ code, signal })),
      );
      await once(child, 'spawn');
      const isAlive = () => child.exitCode === null && child.signalCode === null;
      const pid = child.pid ?? 0;
      const started: Started = { lease, pid, hasOwnGroup, keeper: null, cgroup: null, isAlive };
      return new CommandProcess(started, child, ended, 0);
    }
  }

  get isAlive(): boolean {
    return this.#started.isAlive();
  }

  /** The same before a renewal. A keeper that is stopped would keep the lease after the end of the command. */
  checkAlive(): boolean {
    this.#offspring.wakeKeeper();
    return this.isAlive;
  }

  /** Whether the keeper was killed: then it is not known how the command ended, or whether it has. */
  get isLost(): boolean {
    return this.#started.keeper?.isLost ?? false;
  }

  /** Whether a keeper has seen that it and all that it started have ended. */
  get isProvedGone(): boolean {
    return this.#started.keeper?.areAllGone ?? false;
  }

  /** Whether something may be left of it, although it was ended. */
  get mayBeLeft(): boolean {
    return this.#offspring.mayBeLeft;
  }

  /** Sends a signal to the command and its group. */
  signal(signal: NodeJS.Signals): void {
    this.#offspring.signalGroup(signal);
  }

  /** Stops all of it until every reason is withdrawn. Windows cannot do this. */
  pause(reason: string): void {
    if (this.#pausedFor.size === 0) this.#offspring.stop();
    this.#pausedFor.add(reason);
  }

  /** Continues it, unless it is paused for another reason. @returns whether it continues */
  resume(reason: string): boolean {
    if (!this.#pausedFor.delete(reason) || this.#pausedFor.size > 0) return false;
    this.#offspring.signal('SIGCONT');
    return true;
  }

  /** Whether it is in our process group, which it may leave: then the terminal's own signals reach it directly. */
  get sharesGroup(): boolean {
    if (this.#started.hasOwnGroup) return false;
    const group = readProcess(this.pid)?.group;
    return group === undefined || group === readProcess(process.pid)?.group;
  }

  /** Sends a signal to all of it, and wakes it for that: a stopped process handles only SIGCONT and SIGKILL. */
  signalAwake(signal: NodeJS.Signals): void {
    this.#offspring.signal(signal);
    this.#pausedFor.clear();
    this.wake();
  }

  /** Lets what another program has stopped handle a key that the terminal has sent it. What we have paused stays so. */
  wake(): void {
    if (this.#pausedFor.size === 0) this.#offspring.signal('SIGCONT');
  }

  /** Asks all of it to end, kills it after ten seconds, and gives up after five more: then something may be left. */
  async terminate(): Promise<void> {
    // What starts its successor and ends, again and again, is another process before a signal reaches it.
    this.#offspring.stop();
    this.signalAwake('SIGTERM');
    const giveUpAt = performance.now() + GRACE_MS;
    while (!this.#offspring.isGone && performance.now() < giveUpAt) await pause(LOOK_MS);
    await this.#offspring.kill();
    // It cannot be killed, or its keeper does not run, and so tells nothing.
    if (!this.#offspring.isGone) this.#gaveUp.resolve({ code: null, signal: 'SIGKILL' });
    await this.ended;
  }

  /**
   * The run is over. If its lease is, too, the keeper is not needed any more. Otherwise it tells others what is left,
   * until the lease is over by its time.
   */
  leave({ isLeaseOver }: { readonly isLeaseOver: boolean }): void {
    const { keeper, cgroup } = this.#started;
    if (isLeaseOver) {
      keeper?.release();
      cgroup?.remove();
    } else if (keeper?.isAlive) {
      keeper.leaveAsWitness();
      setTimeout(() => this.leave({ isLeaseOver: true }), this.#lingerMs).unref();
    }
  }
}

/**
 * Whether a command runs in the process group of this process, where the keys of the terminal reach both. On Windows
 * there are no groups, and a detached process would get a console of its own. A hang-up of the terminal reaches the
 * whole group, and Node lets no child ignore the signal.
 */
export function sharesOwnGroup(): boolean {
  return (isatty(0) && !survivesHangup()) || process.platform === 'win32';
}

/** A gap in the numbers stays one. */
function withFurther(stdio: readonly Descriptor[], descriptors: readonly number[]): readonly (Descriptor | 'ignore')[] {
  const all: (Descriptor | 'ignore')[] = [...stdio];
  for (const number of descriptors) {
    while (all.length < number) all.push('ignore');
    all[number] = number;
  }
  return all;
}
