import { placeFinding, sized, type PlaceFinding } from '@agent-orchestrator/core';
import { described, type LockHolder } from '../file/lock-holder.ts';

/** A folder or file, as the operating system describes it. */
export type FileFacts = {
  readonly role: 'folder' | 'database' | 'log' | 'log_index';
  readonly path: string;
  /** The permission bits, with the sticky bit; null where the system has none. */
  readonly mode: number | null;
  /** Whether it belongs to the user of this process; null where the system does not say. */
  readonly isMine: boolean | null;
  readonly bytes: number;
};

/** The facts behind the findings. */
export type SqliteFacts = {
  readonly version: string;
  readonly isBackup: boolean;
  readonly journalMode: string;
  /** Whether the lock to write could be had; null: not tried, since this user may not write, or it is a backup. */
  readonly lock: { readonly isFree: boolean; readonly triedMs: number; readonly holder: LockHolder | null } | null;
  /** The folder, the database, and its existing side files. */
  readonly files: readonly FileFacts[];
  /** Bytes of the write-ahead log; 0 if there is none. */
  readonly logBytes: number;
  /** The size that it normally keeps; more means that a long read prevents emptying it. */
  readonly logBytesKept: number;
};

/** The fixes of `fixPlace`. */
export type FixName = 'tighten_files' | 'empty_log';

/** The log grows under load, so there is a warning only if it is this many times larger than normal. */
const LOG_TIMES = 2;
const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/** The findings for the facts of a store's file. Pure. */
export function judge(facts: SqliteFacts): readonly PlaceFinding[] {
  return [
    placeFinding('version', 'ok', `SQLite ${facts.version}`),
    ...judgePermissions(facts),
    ...judgeLock(facts),
    ...judgeDurability(facts),
    judgeLogSize(facts),
  ];
}

type KnownFile = FileFacts & { readonly mode: number };

function judgePermissions({ files }: SqliteFacts): PlaceFinding[] {
  const known = files.filter((file): file is KnownFile => file.mode !== null);
  if (known.length === 0)
    return [placeFinding('permissions', 'notice', 'This system does not show which users may read the files.')];
  const found = [...exposedFiles(known), ...openFolder(known), ...foreignFiles(known)];
  const database = known.find(({ role }) => role === 'database');
  return found.length > 0 || database === undefined
    ? found
    : [placeFinding('permissions', 'ok', `only its owner may open it (${modeWord(database.mode)})`)];
}

function exposedFiles(files: readonly KnownFile[]): PlaceFinding[] {
  const exposed = files.filter(({ role, mode }) => role !== 'folder' && (mode & OTHERS) !== 0);
  if (exposed.length === 0) return [];
  const fix: FixName | null = exposed.some(({ isMine }) => isMine === true) ? 'tighten_files' : null;
  return [
    placeFinding('permissions', 'warning', `Other users may open ${exposed.map(named).join(', ')}.`, {
      hint: 'Set their mode to 0600 (only the owner may read and write them). `orchestrator doctor --fix` does that.',
      count: exposed.length,
      fix,
    }),
  ];
}

function openFolder(files: readonly KnownFile[]): PlaceFinding[] {
  const folder = files.find(
    ({ role, mode }) => role === 'folder' && (mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0,
  );
  if (folder === undefined) return [];
  return [
    placeFinding('permissions', 'warning', `Other users may replace the store: they can write in ${named(folder)}.`, {
      hint: 'Let only its owner write in that folder, or move the store to a folder of its own.',
      count: 1,
    }),
  ];
}

function foreignFiles(files: readonly KnownFile[]): PlaceFinding[] {
  const foreign = files.filter(({ role, isMine }) => role !== 'folder' && isMine === false);
  if (foreign.length === 0) return [];
  const paths = foreign.map(({ path }) => path).join(', ');
  return [placeFinding('permissions', 'notice', `Another user owns ${paths}.`, { count: foreign.length })];
}

function judgeLock({ lock }: SqliteFacts): PlaceFinding[] {
  if (lock === null) return [];
  if (lock.isFree) return [placeFinding('lock', 'ok', 'the lock to write can be had')];
  const holder = lock.holder === null ? 'another process' : described(lock.holder);
  return [
    placeFinding('lock', 'warning', `For ${lock.triedMs} ms the store was locked; the lock is kept by ${holder}.`, {
      hint: 'Look at what that process does. While it keeps the lock, every command waits, and ends with STORE_BUSY.',
      count: 1,
    }),
  ];
}

/** Each connection has its own synchronous mode; in the file only the journal mode is visible. */
function judgeDurability({ journalMode, isBackup }: SqliteFacts): PlaceFinding[] {
  // A backup is one file, without a write-ahead log.
  if (journalMode === 'wal' || isBackup) return [];
  return [
    placeFinding('durability', 'warning', `The file is in journal mode ${journalMode}, without a write-ahead log.`, {
      hint: 'Any command that writes switches it on again. Find out which other program switched it off.',
    }),
  ];
}

function judgeLogSize({ logBytes, logBytesKept }: SqliteFacts): PlaceFinding {
  if (logBytes <= LOG_TIMES * logBytesKept)
    return placeFinding('log_size', 'ok', `the write-ahead log has ${sized(logBytes)}`);
  const fix: FixName = 'empty_log';
  const said = `The write-ahead log has ${sized(logBytes)}; its normal size is ${sized(logBytesKept)}.`;
  return placeFinding('log_size', 'warning', said, {
    hint: 'A long read prevents emptying it. End that program, then run `orchestrator doctor --fix`.',
    fix,
  });
}

function named({ path, mode }: KnownFile): string {
  return `${path} (${modeWord(mode)})`;
}

/** `0644`. */
function modeWord(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
