/*
 * A command as a process with everything that it starts, so that all of it can be signalled together.
 *
 * Without a terminal, the command gets a process group of its own (`setsid`). A signal to the group reaches everything
 * that it starts, and none of our processes.
 *
 * On a terminal, its own group would take the terminal away from it: no prompt for a password, no job control, and a
 * group in the background is stopped when it reads. So it stays in our group, as with `timeout --foreground`. The
 * terminal's own signals (Ctrl-C, Ctrl-Z) reach it directly. Our signals go to the command and, where they can be
 * found, to all processes that carry its lease.
 */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { isatty } from 'node:tty';
import { setTimeout as pause } from 'node:timers/promises';
import { survivesHangup } from '../processes/hangup.ts';
import { findLeaseProcesses, type CarriedLease } from '../processes/lease-processes.ts';
import { isGroupAlive, readProcess } from '../processes/process-table.ts';

/** How a command ended: either by an exit code or by a signal; the other one is null. */
export interface CommandExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

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
/** A command may start processes faster than they can be stopped: give up after this many rounds. */
const ROUNDS_MAX = 20;

type Descriptor = 'inherit' | number;

export class CommandProcess {
  readonly pid: number;
  /** Whether it is in our process group: then the terminal's own signals reach it directly. */
  readonly sharesGroup: boolean;
  /** Its process group; null: the system has none. */
  readonly group: number | null;
  /** Resolves when the command itself has ended. Processes that it started may still be alive. */
  readonly ended: Promise<CommandExit>;
  readonly #child: ChildProcess;
  readonly #lease: CarriedLease;
  readonly #pausedFor = new Set<string>();
  #isGone = false;

  private constructor(child: ChildProcess, lease: CarriedLease, sharesGroup: boolean) {
    this.pid = child.pid ?? 0;
    this.sharesGroup = sharesGroup;
    this.group = sharesGroup ? (readProcess(process.pid)?.group ?? null) : this.pid;
    this.#child = child;
    this.#lease = lease;
    this.ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  }

  /**
   * Starts it without a shell: the first word is looked up in the PATH, the others are its arguments, unchanged.
   *
   * @throws a `StartError`; then nothing has run
   */
  static async start(
    [command = '', ...args]: readonly string[],
    {
      lease,
      env,
      stdio,
      descriptors = [],
    }: {
      readonly lease: CarriedLease;
      readonly env: NodeJS.ProcessEnv;
      readonly stdio: readonly ['inherit', Descriptor, Descriptor];
      readonly descriptors?: readonly number[] | undefined;
    },
  ): Promise<CommandProcess> {
    const sharesGroup = sharesOwnGroup();
    try {
      const child = spawn(command, args, { env, stdio: withFurther(stdio, descriptors), detached: !sharesGroup });
      const started = new CommandProcess(child, lease, sharesGroup);
      await once(child, 'spawn');
      return started;
    } catch (error) {
      throw new StartError(command, error);
    }
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Whether the command and its group are gone. From then on, another process may get its number. */
  get isGone(): boolean {
    if (!this.#isGone) this.#isGone = !this.isAlive && (this.sharesGroup ? !this.#send(0) : !isGroupAlive(this.pid));
    return this.#isGone;
  }

  /** Sends a signal to all of it, if anything is left. */
  signal(signal: NodeJS.Signals): void {
    if (!this.isGone) this.#send(signal);
  }

  /** Stops all of it until every reason is withdrawn. Windows cannot do this. */
  pause(reason: string): void {
    if (this.#pausedFor.size === 0) this.#stop();
    this.#pausedFor.add(reason);
  }

  /** Continues it, unless it is paused for another reason. @returns whether it continues */
  resume(reason: string): boolean {
    if (!this.#pausedFor.delete(reason) || this.#pausedFor.size > 0) return false;
    this.signal('SIGCONT');
    return true;
  }

  /** Sends a signal and wakes the process for it: a stopped process handles only SIGCONT and SIGKILL. */
  signalAwake(signal: NodeJS.Signals): void {
    this.signal(signal);
    if (this.#pausedFor.size > 0) this.signal('SIGCONT');
    this.#pausedFor.clear();
  }

  /** Asks all of it to end, and kills it after ten seconds. */
  async terminate(): Promise<void> {
    this.signalAwake('SIGTERM');
    this.signal('SIGCONT');
    const giveUpAt = performance.now() + GRACE_MS;
    while (!this.isGone && performance.now() < giveUpAt) await pause(LOOK_MS);
    this.signal('SIGKILL');
    await this.ended;
  }

  #stop(): void {
    // A process that was started during this round is found by the next one.
    let before = -1;
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      this.signal('SIGSTOP');
      const count = this.#members()?.length ?? 0;
      if (count === before) return;
      before = count;
    }
  }

  /** @returns whether it was sent to any process */
  #send(signal: NodeJS.Signals | 0): boolean {
    const members = this.#members();
    if (members === null) return trySending(-this.pid, signal);
    return members.map((pid) => trySending(pid, signal)).includes(true);
  }

  /** All its processes, if it shares our group; null: it has a group of its own. */
  #members(): readonly number[] | null {
    if (!this.sharesGroup) return null;
    const others = findLeaseProcesses(this.#lease) ?? [];
    return [
      ...(this.isAlive ? [this.pid] : []),
      ...others.map(({ pid }) => pid).filter((pid) => pid !== this.pid && pid !== process.pid),
    ];
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
function withFurther(stdio: readonly Descriptor[], descriptors: readonly number[]): StdioOptions {
  const all: (Descriptor | 'ignore')[] = [...stdio];
  for (const number of descriptors) {
    while (all.length < number) all.push('ignore');
    all[number] = number;
  }
  return all;
}

function trySending(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
