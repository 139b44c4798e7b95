/*
 * The keeper is a small program of ours (native/keeper.c). It is the parent of a command, and the subreaper of all that
 * the command starts: whatever leaves the group, the session or its parent becomes a child of the keeper, and nothing
 * can leave it while it is alive. It outlives this process. So it knows when all of it has ended, and tells everybody
 * who looks: by its name in the process table (keeper-sight.ts).
 */
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { exitCodeOf, startProgram } from '../system/start-program.ts';
import { nativeFile } from './native-file.ts';
import { KEEPER_NAME } from './keeper-sight.ts';

/** How a command ended: either by an exit code or by a signal; the other one is null. */
export interface CommandExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What a keeper reports; `native/keeper.c` has the same numbers. */
const REPORTS = {
  started: 1,
  notStarted: 2,
  ended: 3,
  noneLeft: 4,
  notInGroup: 5,
  noSubreaper: 6,
  signalled: 7,
} as const;
const REPORT_BYTES = 8;

/** Signals that can be meant for the parent of a command. */
const PASSED_UP: ReadonlySet<string> = new Set(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2']);

export interface KeptCommand {
  /** The command and its arguments. */
  readonly words: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string | undefined;
  /** By descriptor, without gaps at 0, 1 and 2. */
  readonly stdio: readonly (number | 'inherit' | 'ignore' | 'pipe')[];
  /** Names the lease: what others recognize the keeper by. */
  readonly tag: string;
  /** Whether the command gets a session and a group of its own; else it stays in the group of this process. */
  readonly ownSession: boolean;
  /** How long it tells that all has ended, once this process is dead. */
  readonly lingerMs: number;
  /** The file by which the command joins its cgroup. */
  readonly joinFile: string | null;
}

export class Keeper {
  /** The pid of the command. */
  readonly command: number;
  /** The command could not join its cgroup. */
  readonly isOutsideGroup: boolean;
  /** Resolves when the command itself has ended, or the keeper. */
  readonly ended: Promise<CommandExit>;
  readonly child: ChildProcess;
  readonly #reports: Reports;

  private constructor(child: ChildProcess, reports: Reports, command: number, isOutsideGroup: boolean) {
    this.child = child;
    this.#reports = reports;
    this.command = command;
    this.isOutsideGroup = isOutsideGroup;
    this.ended = Promise.race([reports.command, reports.keeper]);
  }

  /**
   * Starts a command under a keeper.
   *
   * @returns null where no keeper can be executed: then nothing has run
   * @throws the error of the system, if the command could not be started
   */
  static async start(kept: KeptCommand): Promise<Keeper | null> {
    const program = keeperProgram();
    if (program === null) return null;
    const control = Math.max(3, kept.stdio.length);
    const stdio: StdioOptions = [...kept.stdio];
    while (stdio.length < control) stdio.push('ignore');
    stdio.push('pipe');
    const options = [kept.tag, control, kept.ownSession ? 1 : 0, kept.lingerMs, kept.joinFile ?? ''];
    const { env, cwd } = kept;
    const child = startProgram(program, [...options.map(String), ...kept.words], {
      argv0: KEEPER_NAME,
      env,
      stdio,
      ...(cwd !== undefined && { cwd }),
    });
    try {
      await once(child, 'spawn');
    } catch {
      return null;
    }
    const reports = new Reports(child, child.stdio[control] as Duplex);
    const { kind, value, isOutsideGroup } = await awake(child, reports.start);
    if (kind === REPORTS.noSubreaper) return null;
    if (kind === REPORTS.notStarted) throw systemError(kept.words[0] ?? '', value);
    return new Keeper(child, reports, value, isOutsideGroup);
  }

  /** The pid of the keeper, and the number of its group. */
  get pid(): number {
    return this.child.pid ?? 0;
  }

  get isAlive(): boolean {
    return !this.#reports.hasEnded;
  }

  /** Whether the command has ended, as far as is known. */
  get hasCommandEnded(): boolean {
    return this.#reports.commandEnded || this.#reports.hasEnded;
  }

  /** Whether the command and all that it started have ended. */
  get areAllGone(): boolean {
    return this.#reports.noneLeft;
  }

  /** Whether the keeper was killed, so that it is not known what is left. */
  get isLost(): boolean {
    return this.#reports.hasEnded && !this.#reports.noneLeft;
  }

  /** The keeper is not needed any more: it ends. What is left of its processes continues. */
  release(): void {
    this.#reports.control.end('.');
    this.child.unref();
  }

  /** This process does not wait for the keeper, which tells others what is left after this process has ended. */
  leaveAsWitness(): void {
    this.child.unref();
    (this.#reports.control as Duplex & { unref?: () => void }).unref?.();
  }
}

/** What a keeper has reported so far. */
class Reports {
  readonly control: Duplex;
  readonly start: Promise<{ readonly kind: number; readonly value: number; readonly isOutsideGroup: boolean }>;
  readonly command: Promise<CommandExit>;
  readonly keeper: Promise<CommandExit>;
  commandEnded = false;
  noneLeft = false;
  hasEnded = false;
  #hasStarted = false;
  #rest = Buffer.alloc(0);
  #isOutsideGroup = false;
  readonly #toldStart = Promise.withResolvers<{ kind: number; value: number; isOutsideGroup: boolean }>();
  readonly #toldEnd = Promise.withResolvers<CommandExit>();

  constructor(child: ChildProcess, control: Duplex) {
    this.control = control;
    this.start = this.#toldStart.promise;
    this.command = this.#toldEnd.promise;
    const keeper = Promise.withResolvers<CommandExit>();
    this.keeper = keeper.promise;
    control.on('data', (bytes: Buffer) => this.#read(bytes));
    // Written to when the keeper was killed just before.
    control.on('error', () => {});
    let exit: CommandExit | null = null;
    let isClosed = false;
    // Its last reports may arrive after its end.
    const conclude = () => {
      if (exit === null || !isClosed || this.hasEnded) return;
      this.hasEnded = true;
      this.#concludeStart(exit);
      keeper.resolve(exit);
    };
    control.on('close', () => {
      isClosed = true;
      conclude();
    });
    child.on('exit', (code, signal) => {
      exit = { code, signal };
      conclude();
    });
  }

  /** A keeper that was ended by a key of the terminal before it could start the command: as if it was the command. */
  #concludeStart({ signal }: CommandExit): void {
    if (signal !== 'SIGKILL' && !this.commandEnded) this.noneLeft ||= !this.#hasStarted;
    this.#tellStart(REPORTS.started, 0);
  }

  #tellStart(kind: number, value: number): void {
    this.#toldStart.resolve({ kind, value, isOutsideGroup: this.#isOutsideGroup });
  }

  #read(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    for (; this.#rest.length >= REPORT_BYTES; this.#rest = this.#rest.subarray(REPORT_BYTES))
      this.#hear(this.#rest.readInt32LE(0), this.#rest.readInt32LE(4));
  }

  #hear(kind: number, value: number): void {
    switch (kind) {
      case REPORTS.notInGroup:
        this.#isOutsideGroup = true;
        return;
      case REPORTS.started:
        // No process has such a pid; as the target of a signal it would name others.
        if (value <= 0) return this.#tellStart(REPORTS.notStarted, constants.errno.EPROTO);
        this.#hasStarted = true;
        return this.#tellStart(kind, value);
      case REPORTS.notStarted:
      case REPORTS.noSubreaper:
        return this.#tellStart(kind, value);
      case REPORTS.ended:
        this.commandEnded = true;
        return this.#toldEnd.resolve(exitOf(value));
      case REPORTS.noneLeft:
        this.noneLeft = true;
        return;
      case REPORTS.signalled: {
        const name = signalNamed(value);
        if (name !== undefined && PASSED_UP.has(name)) process.kill(process.pid, name);
      }
    }
  }
}

/** Decodes the status of a process that has ended, as the kernel gives it. */
function exitOf(status: number): CommandExit {
  const signal = status & 0x7f;
  if (signal === 0) return { code: (status >> 8) & 0xff, signal: null };
  const name = signalNamed(signal);
  // The real-time signals have no names. A shell gives them as this code.
  return name === undefined ? { code: 128 + signal, signal: null } : { code: null, signal: name };
}

function signalNamed(number: number): NodeJS.Signals | undefined {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  return found?.[0] as NodeJS.Signals | undefined;
}

/** So often a keeper is woken until it has told that its command was started. */
const WAKE_MS = 100;

/** What a keeper tells, also if its command stops it at once: it would be silent for ever. */
async function awake<Told>(keeper: ChildProcess, told: Promise<Told>): Promise<Told> {
  const waking = setInterval(() => void keeper.kill('SIGCONT'), WAKE_MS);
  try {
    return await told;
  } finally {
    clearInterval(waking);
  }
}

/** The error that Node gives if it starts a command itself. */
function systemError(command: string, errno: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`spawn ${command} ${code}`), { code, errno: -errno, syscall: `spawn ${command}` });
}

/** Whether the keeper can be executed here: not where its file is on a disk that is mounted `noexec`, for example. */
export function canExecuteKeeper(): boolean {
  const program = keeperProgram();
  // Without a command it only says that it was called wrongly.
  return program !== null && exitCodeOf(program) === CALLED_WRONGLY;
}

const CALLED_WRONGLY = 125;

/** The keeper for this system; null: there is none. */
export function keeperProgram(): string | null {
  if (process.platform !== 'linux' || !(process.arch === 'x64' || process.arch === 'arm64')) return null;
  return nativeFile(`keeper-${process.arch}`);
}
