import { statSync, type BigIntStats } from 'node:fs';
import Database from 'better-sqlite3';
import { OrchestratorError } from '@agent-orchestrator/core';
import type { Connection } from '../connection.ts';
import { LOG_FILES } from './log-files.ts';
import { assertOneName, assertOwnFiles } from './own-file.ts';

/** A look at the files that was this long ago still counts before a unit of work. After each there is another one. */
const LOOK_COUNTS_MS = 1;

/** Which file a path names: another file at the same path has another one. null: there is none. */
type FileIdentity = Pick<BigIntStats, 'dev' | 'ino'> | null;

/**
 * The files that were opened, however their paths are used afterwards. A database is in one log with all processes that
 * open it only as long as its path, its one name, and the two files of its log are the same for all of them.
 */
export class OpenFile {
  readonly path: string;
  readonly #database: FileIdentity;
  /** Those of the log, in the order of `LOG_FILES`; null until the first connection made them. */
  readonly #log: FileIdentity[] = LOG_FILES.map(() => null);
  readonly #logPaths: readonly string[];
  #guard: Connection | null = null;
  #lost: OrchestratorError | null = null;
  /** A caller has been told that it is lost. */
  #toldOfLoss = false;
  #lookedAt = -Infinity;
  #logBytes = 0;

  constructor(path: string) {
    this.path = path;
    this.#logPaths = LOG_FILES.map((suffix) => path + suffix);
    this.#database = this.#judgeDatabase();
  }

  /**
   * Keeps a connection of its own, next to the first one that works, until `closeAfter`. SQLite deletes the log when
   * the last connection closes. As long as this one is open, only another program can have deleted it.
   */
  hold(): void {
    this.#guard ??= new Database(this.path, { readonly: true, fileMustExist: true, timeout: 0 });
    this.#guard.pragma('schema_version');
    // Once more, now that they are open: what SQLite found was perhaps not yet there when it was looked for.
    assertOwnFiles(this.path);
    this.assertStillInPlace();
    this.#assertLogIsWhole();
  }

  /**
   * Closes the connections that work, in the order that leaves the files whole. The last one that closes copies its log
   * into the database and deletes the log by its path. Where the log at that path is another one by now, that would
   * overwrite what other processes have written, and delete their log. So there the own connection closes last: it only
   * reads, and does neither. All that takes long must be done before: what is lost after this look is not seen.
   *
   * @throws `STORE_REPLACED`, `STORE_SECOND_NAME`, when all are closed: no call was told of it. What was committed and
   * acknowledged may be gone.
   */
  closeAfter(closeAll: () => void): void {
    try {
      if (this.isInPlace()) this.#guard?.close();
      closeAll();
    } finally {
      this.#guard?.close();
    }
    if (this.#lost !== null && !this.#toldOfLoss) throw this.#lost;
  }

  /**
   * Before a unit of work: checks that the paths still name these files. If not, writes to the old ones would be lost,
   * and reads from them would be outdated. Once a file is lost it stays so.
   *
   * @throws `STORE_REPLACED`, `STORE_SECOND_NAME`
   */
  assertInPlace(): void {
    if (this.#lost === null && performance.now() - this.#lookedAt < LOOK_COUNTS_MS) return;
    this.assertStillInPlace();
  }

  /**
   * Looks again, whenever it was last looked: after a commit, before any caller is told of it, so that other processes
   * can see what was committed; and before a backup gets its name.
   *
   * @throws `STORE_REPLACED`, `STORE_SECOND_NAME`
   */
  assertStillInPlace(): void {
    try {
      this.#look();
    } catch (error) {
      this.#toldOfLoss = this.#lost !== null;
      throw error;
    }
  }

  /**
   * Looks again where no call can be told: before this process brings the log into the database, which would overwrite
   * what others wrote there by way of another log. A loss is told to the next call, or by `closeAfter`.
   */
  isInPlace(): boolean {
    try {
      this.#look();
      return true;
    } catch {
      return false;
    }
  }

  /** How large the file of the log was at the last look. It keeps its size when the log begins anew. */
  get logBytes(): number {
    return this.#logBytes;
  }

  /** It is not where another part of this process has the store open, and its log was deleted meanwhile. */
  #assertLogIsWhole(): void {
    const lost = LOG_FILES.filter((_, index) => this.#log[index] === null);
    if (lost.length !== 1) return;
    this.#lost = replaced(`${this.path}${lost[0]} was deleted`);
    this.assertStillInPlace();
  }

  #look(): void {
    if (this.#lost !== null) throw this.#lost;
    try {
      if (!isSame(this.#judgeDatabase(), this.#database)) throw replaced(`${this.path} was moved or replaced`);
      this.#logPaths.forEach((path, index) => this.#judgeLog(index, path));
      this.#lookedAt = performance.now();
    } catch (error) {
      if (error instanceof OrchestratorError) this.#lost = error;
      throw error;
    }
  }

  #judgeDatabase(): FileIdentity {
    const found = look(this.path);
    if (found !== null) assertOneName(this.path, Number(found.nlink));
    return found;
  }

  #judgeLog(index: number, path: string): void {
    const found = look(path);
    if (index === 0) this.#logBytes = Number(found?.size ?? 0);
    const known = (this.#log[index] ??= found);
    if (!isSame(known, found)) throw replaced(`${path} was deleted or replaced`);
  }
}

/** In whole numbers: an inode's can be greater than a double holds exactly. null: there is none. */
function look(path: string): BigIntStats | null {
  return statSync(path, { throwIfNoEntry: false, bigint: true }) ?? null;
}

function isSame(one: FileIdentity, other: FileIdentity): boolean {
  return one?.ino === other?.ino && one?.dev === other?.dev;
}

function replaced(what: string): OrchestratorError {
  return new OrchestratorError('STORE_REPLACED', `${what} while the store was open.`);
}
