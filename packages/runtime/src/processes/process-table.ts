import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** An entry of the process table. */
export interface ProcessEntry {
  readonly pid: number;
  /** The name of its first thread: that of its program or script, unless it was renamed. At most 15 bytes. */
  readonly command: string;
  /** The process that started it, or the one that took it over. */
  readonly parent: number;
  /** The process group: the pid of its leader, which may be gone. */
  readonly group: number;
  /** The session: the pid of its leader, which may be gone. */
  readonly session: number;
  /** When it started, in clock ticks since the boot. With the pid it names one process, even if the pid is reused. */
  readonly start: string;
  /** A zombie: it runs nothing more, and its entry stays until its parent has read its exit code. */
  readonly hasEnded: boolean;
  /** How many threads it has; the first one may have ended before the others. */
  readonly threads: number;
  /** A thread of the kernel: it has no environment and no parent process. */
  readonly isKernels: boolean;
}

/** The entry of a process; null: the table shows none, perhaps because it hides other users' processes. */
export function readProcess(pid: number): ProcessEntry | null {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The name is in brackets and may itself contain blanks and brackets.
  const [before, after] = [stat.indexOf('('), stat.lastIndexOf(')')];
  const words = stat.slice(after + 2).split(' ');
  const [state, parent, group, session, flags, threads, start] = [0, 1, 2, 3, 6, 17, 19].map((at) => words[at]);
  if (start === undefined) return null;
  return {
    pid,
    command: stat.slice(before + 1, after),
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    start,
    // After its first thread has ended, the others may continue.
    hasEnded: (state === 'Z' || state === 'X') && Number(threads) <= 1,
    threads: Number(threads),
    isKernels: (Number(flags) & PF_KTHREAD) !== 0,
  };
}

/** The kernel's flag for its own threads (`linux/sched.h`). */
const PF_KTHREAD = 0x0020_0000;

/** The name of a process's program, without arguments: they may hold secrets. Escape it before printing. */
export function programOf({ pid, command }: Pick<ProcessEntry, 'pid' | 'command'>): string {
  // Node's name for the first thread of every program that it runs.
  if (command !== 'MainThread') return command;
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`));
  } catch {
    return command;
  }
}

/**
 * Asks the kernel itself, which hides nothing: whether a process has this number, or (for a negative number) a group
 * has. Anything but a clear no counts as yes.
 */
export function isNumberTaken(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/**
 * Whether a process group has a living member. The kernel counts zombies as members; the table shows which ones are
 * zombies. A member that the kernel knows but the table does not show counts as living.
 */
export function isGroupAlive(group: number): boolean {
  if (!isNumberTaken(-group)) return false;
  const entries = (listProcesses() ?? []).flatMap((pid) => readProcess(pid) ?? []);
  const members = entries.filter((entry) => entry.group === group);
  return members.length === 0 || members.some(({ hasEnded }) => !hasEnded);
}

/** Where a walk of the process table starts: at these processes, or at those that fit. */
type Roots = (entry: ProcessEntry) => boolean;

/** Living processes with all that they have started, as one look at the process table shows it. */
export function withDescendants<Entry extends ProcessEntry>(entries: readonly Entry[], isRoot: Roots): Entry[] {
  const children = Map.groupBy(entries, ({ parent }) => parent);
  const found = new Set(entries.filter(isRoot));
  for (const { pid } of found) for (const child of children.get(pid) ?? []) found.add(child);
  return [...found];
}

/** The children of a process with one thread, as one quick look shows them; none where the kernel does not tell. */
export function childrenOf(pid: number): number[] {
  const pids = readText(`/proc/${pid}/task/${pid}/children`)?.match(/\d+/gu) ?? [];
  return pids.map(Number);
}

/** All living processes that the table shows, without the kernel's own. */
export function livingProcesses(): ProcessEntry[] {
  const entries = (listProcesses() ?? []).flatMap((pid) => readProcess(pid) ?? []);
  return entries.filter(({ hasEnded, isKernels }) => !hasEnded && !isKernels);
}

/** Sends a signal, or only asks (0). @returns whether there was a process that got it */
export function trySignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** The pids of all processes that the table shows; null: there is no such table. */
export function listProcesses(): number[] | null {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return null;
  }
}

/** The values of the line `Name: values` in the kernel's status of a process. */
export function readProcessStatus(pid: number | 'self', name: string): readonly string[] | null {
  const line = readText(`/proc/${pid}/status`)
    ?.split('\n')
    .find((text) => text.startsWith(`${name}:`));
  return (
    line
      ?.slice(name.length + 1)
      .trim()
      .split(/\s+/) ?? null
  );
}

/** The text of a file of the kernel; null: it cannot be read. One byte is one character. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null;
  }
}
