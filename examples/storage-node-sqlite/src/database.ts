import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { OrchestratorError, type ErrorCode } from '@agent-orchestrator/core';
import { isSafeVersion, OLDEST_SQLITE } from './sqlite-version.ts';

/** The settings that the promises rest on. SQLite ignores what it does not know, so each is read back. */
const SETTINGS = { foreign_keys: 1, recursive_triggers: 1, trusted_schema: 0 } as const;
/** A commit survives a power cut. */
const WRITER_SETTINGS = { journal_mode: 'wal', synchronous: 2 } as const;

/** One connection to a file, with each statement prepared once. */
export class Database {
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  /** Opens a file that exists; changes nothing in it. */
  constructor(path: string, readOnly: boolean) {
    assertSafeVersion();
    const url = pathToFileURL(path);
    // Otherwise SQLite would make a file that another process has just removed.
    url.search = readOnly ? 'mode=ro' : 'mode=rw';
    this.#db = new DatabaseSync(url, { readOnly, timeout: 0, enableDoubleQuotedStringLiterals: false });
    try {
      this.#set(SETTINGS);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Settings that change the file: only for one of ours. */
  prepareToWrite(): void {
    this.#set(WRITER_SETTINGS);
  }

  get isInTransaction(): boolean {
    return this.#db.isTransaction;
  }

  exec(sql: string): void {
    this.#db.exec(sql);
  }

  all<Row>(sql: string, ...values: readonly SQLInputValue[]): Row[] {
    return this.#statement(sql)
      .all(...values)
      .map((row) => asObject(row) as Row);
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows what its text selects
  get<Row>(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    const row = this.#statement(sql).get(...values);
    return row === undefined ? undefined : (asObject(row) as Row);
  }

  /** One row at a time, for what may not fit in memory. */
  *each<Row>(sql: string, ...values: readonly SQLInputValue[]): Generator<Row> {
    for (const row of this.#db.prepare(sql).iterate(...values)) yield asObject(row) as Row;
  }

  /** @returns how many rows were changed */
  run(sql: string, ...values: readonly SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  pragma(name: string): unknown {
    return Object.values(this.#statement(`PRAGMA ${name}`).get() ?? {})[0];
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  #set(settings: Readonly<Record<string, string | number>>): void {
    for (const [name, value] of Object.entries(settings)) {
      if (this.pragma(name) === value) continue;
      this.#db.exec(`PRAGMA ${name} = ${value}`);
      const found = this.pragma(name);
      if (found !== value)
        throw new OrchestratorError(
          'STORE_UNSUITABLE',
          `${name} of SQLite must be ${value}, but it is ${String(found)}.`,
        );
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) this.#prepared.set(sql, (statement = this.#db.prepare(sql)));
    return statement;
  }
}

/** `node:sqlite` answers rows without a prototype. */
function asObject(row: object): object {
  return { ...row };
}

/** Before anything is made or opened. */
export function assertSafeVersion(): void {
  if (isSafeVersion()) return;
  throw new OrchestratorError(
    'STORE_UNSUITABLE',
    `SQLite ${process.versions.sqlite} of this Node can damage the file; ${OLDEST_SQLITE} or later is needed.`,
    { hint: 'Use a later Node: `node -p process.versions.sqlite` says which SQLite it has.' },
  );
}

/** SQLite's primary result codes (https://sqlite.org/rescode.html); further bits of a code say more. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  3: 'STORE_PERMISSION',
  5: 'STORE_BUSY',
  6: 'STORE_BUSY',
  8: 'STORE_READ_ONLY',
  10: 'STORE_IO',
  11: 'STORE_CORRUPT',
  13: 'STORE_FULL',
  14: 'STORE_PERMISSION',
  15: 'STORE_BUSY',
  23: 'STORE_PERMISSION',
  26: 'STORE_NOT_A_DATABASE',
};
const SYSTEM_CODES: Readonly<Record<string, ErrorCode>> = {
  EACCES: 'STORE_PERMISSION',
  EPERM: 'STORE_PERMISSION',
  ENOTDIR: 'STORE_PERMISSION',
  // A link to nothing, a link to itself, and a folder of the system, such as /proc, in which no file can be made.
  EEXIST: 'STORE_PERMISSION',
  ELOOP: 'STORE_PERMISSION',
  ENOENT: 'STORE_PERMISSION',
  ENAMETOOLONG: 'STORE_PATH_TOO_LONG',
  EROFS: 'STORE_READ_ONLY',
  ENOSPC: 'STORE_FULL',
  EIO: 'STORE_IO',
};

function sqliteCode(error: unknown): number | null {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : null;
}

/** After these it is not known what a connection has in memory. */
export function breaksConnection(error: unknown): boolean {
  return [7, 10, 11].includes(sqliteCode(error) ?? 0);
}

function isBusy(error: unknown): boolean {
  return CODES[sqliteCode(error) ?? 0] === 'STORE_BUSY';
}

/** The only place where errors of the driver and the system become coded ones; all others pass unchanged. */
export function translateError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof OrchestratorError) return error;
  const sqlite = sqliteCode(error);
  const code =
    sqlite !== null
      ? (CODES[sqlite] ?? 'INTERNAL')
      : 'code' in error && typeof error.code === 'string'
        ? SYSTEM_CODES[error.code]
        : undefined;
  if (code === undefined) return error;
  return new OrchestratorError(code, `${new OrchestratorError(code).message} (${error.message})`, { cause: error });
}

/** The longest pause between two tries, so that a free lock is not left unused for long. */
const PAUSE_MS_MAX = 8;

/** Waits for the lock of another process by trying again: a wait inside SQLite would stop the whole program. */
export async function retryWhileBusy<R>(giveUpAt: number, attempt: () => R): Promise<R> {
  for (let tries = 0; ; tries += 1) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= giveUpAt) throw translateError(error);
    }
    await new Promise((resume) => setTimeout(resume, 1 + Math.random() * Math.min(2 ** tries, PAUSE_MS_MAX)));
  }
}
