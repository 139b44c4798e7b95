import { OrchestratorError, type ErrorCode } from '@agent-orchestrator/core';

/** The code that SQLite, or Node for what is done to files, gives an error. */
function driverCode(error: unknown): string {
  if (
    !(error instanceof Error) ||
    error instanceof OrchestratorError ||
    !('code' in error) ||
    typeof error.code !== 'string'
  )
    return '';
  return error.code;
}

/** Another connection holds the lock: worth another try. */
export function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED|PROTOCOL)/.test(driverCode(error));
}

/** After a failed write or sync it is not known what the file holds: only a new connection reads it afresh. */
export function isBrokenConnection(error: unknown): boolean {
  return /^SQLITE_(IOERR|CORRUPT|NOMEM|MISUSE)/.test(driverCode(error));
}

/** An error of one row, which harms nothing else in the transaction. */
export function isRefusedRow(error: unknown): boolean {
  return driverCode(error).startsWith('SQLITE_CONSTRAINT') || driverCode(error) === '';
}

/** What SQLite or the system say where the place does not allow that a file is opened, made or written. */
export function isDeniedByPlace(error: unknown): boolean {
  return /^(SQLITE_(CANTOPEN|READONLY|IOERR|PERM)|EROFS|EACCES)/.test(driverCode(error));
}

/** By the beginning of the driver's code; the first that fits. */
const CODES: readonly (readonly [prefix: string, code: ErrorCode])[] = [
  ['SQLITE_BUSY', 'STORE_BUSY'],
  ['SQLITE_LOCKED', 'STORE_BUSY'],
  ['SQLITE_PROTOCOL', 'STORE_BUSY'],
  ['SQLITE_FULL', 'STORE_FULL'],
  // The -shm file could not be made larger.
  ['SQLITE_IOERR_SHMSIZE', 'STORE_FULL'],
  ['SQLITE_READONLY_DBMOVED', 'STORE_REPLACED'],
  ['SQLITE_READONLY', 'STORE_READ_ONLY'],
  ['SQLITE_IOERR', 'STORE_IO'],
  ['SQLITE_CORRUPT', 'STORE_CORRUPT'],
  ['SQLITE_NOTADB', 'STORE_NOT_A_DATABASE'],
  ['SQLITE_CANTOPEN', 'STORE_PERMISSION'],
  ['SQLITE_PERM', 'STORE_PERMISSION'],
  ['SQLITE_AUTH', 'STORE_PERMISSION'],
  ['EACCES', 'STORE_PERMISSION'],
  ['EPERM', 'STORE_PERMISSION'],
  ['ENOTDIR', 'STORE_PERMISSION'],
  // It was removed during the check. `createFile` reports a file that cannot be created.
  ['ENOENT', 'STORE_NOT_FOUND'],
  // A part of the path is a file.
  ['EEXIST', 'STORE_PERMISSION'],
  ['ENAMETOOLONG', 'STORE_PATH_TOO_LONG'],
  ['EROFS', 'STORE_READ_ONLY'],
  ['ENOSPC', 'STORE_FULL'],
  ['EDQUOT', 'STORE_FULL'],
  ['EIO', 'STORE_IO'],
];

/**
 * The only place where errors of the driver become an `OrchestratorError`. Others, such as errors of a caller's
 * `decide`, pass unchanged.
 */
export function translateError(error: unknown): unknown {
  const driver = driverCode(error);
  if (driver === '') return error;
  const code =
    CODES.find(([prefix]) => driver.startsWith(prefix))?.[1] ?? (driver.startsWith('SQLITE_') ? 'INTERNAL' : undefined);
  if (code === undefined) return error;
  return new OrchestratorError(
    code,
    `${new OrchestratorError(code).message} (${driver}: ${(error as Error).message})`,
    { cause: error },
  );
}
