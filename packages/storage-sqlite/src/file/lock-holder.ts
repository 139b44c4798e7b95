import { readdirSync, readFileSync, statSync } from 'node:fs';

/** Which byte of the `-shm` file the one that writes to the log locks. */
const WRITE_LOCK = 120;
/** `3: POSIX  ADVISORY  WRITE 3844 fe:00:2355111 120 120`. */
const LOCK_LINE = /^\d+: \S+\s+\S+\s+WRITE (\d+) [\da-f]+:[\da-f]+:(\d+) (\d+) (\d+|EOF)$/;

/** Each process that works with a log keeps the database locked for reading. One that writes without a log has all. */
const READ_LOCK_LINE = /^\d+: \S+\s+\S+\s+READ (\d+) [\da-f]+:[\da-f]+:(\d+) /;

/** A process, as people can find it. */
export type LockHolder = {
  readonly pid: number;
  /** The name of its program; null where the system does not tell. */
  readonly program: string | null;
};

/**
 * The process that keeps the write lock of a store, or its file as a whole. null: there is none any more, or the system
 * does not tell (only Linux does, and only of processes that this one can see).
 */
export function lockHolderOf(path: string): LockHolder | null {
  const [database, index] = [inodeOf(path), inodeOf(`${path}-shm`)];
  const found = holderIn(readLocks(), { database, index }, process.pid);
  return found === null ? null : { pid: found, program: programOf(found) };
}

/**
 * Another process that has the database at the path open; null: there is none, or the system does not tell (only Linux
 * does, and only of processes that this one may look into).
 */
export function userOf(path: string): LockHolder | null {
  const file = statSync(path, { throwIfNoEntry: false, bigint: true });
  if (file === undefined) return null;
  for (const line of readLocks().split('\n')) {
    const [, pid, inode] = READ_LOCK_LINE.exec(line) ?? [];
    if (pid === undefined || Number(pid) === process.pid || inode !== String(file.ino)) continue;
    // Files of different file systems may have one number.
    if (hasOpen(pid, file)) return { pid: Number(pid), program: programOf(Number(pid)) };
  }
  return null;
}

function hasOpen(pid: string, { dev, ino }: { readonly dev: bigint; readonly ino: bigint }): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((descriptor) => {
      const found = statSync(`/proc/${pid}/fd/${descriptor}`, { throwIfNoEntry: false, bigint: true });
      return found?.ino === ino && found.dev === dev;
    });
  } catch {
    return false;
  }
}

/** `process 4711 (python3)`. */
export function described({ pid, program }: LockHolder): string {
  return program === null ? `process ${pid}` : `process ${pid} (${program})`;
}

/** From the text of `/proc/locks`. */
export function holderIn(
  locks: string,
  { database, index }: { readonly database: string | null; readonly index: string | null },
  ownPid: number,
): number | null {
  for (const line of locks.split('\n')) {
    const [, pid, inode, start, end] = LOCK_LINE.exec(line) ?? [];
    if (pid === undefined || Number(pid) === ownPid) continue;
    const covers = Number(start) <= WRITE_LOCK && (end === 'EOF' || Number(end) >= WRITE_LOCK);
    if (inode === database || (inode === index && covers)) return Number(pid);
  }
  return null;
}

function inodeOf(path: string): string | null {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  return found === undefined ? null : String(found.ino);
}

function readLocks(): string {
  try {
    return readFileSync('/proc/locks', 'utf8');
  } catch {
    return '';
  }
}

function programOf(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() || null;
  } catch {
    return null;
  }
}
