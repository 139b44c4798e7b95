import { OrchestratorError, type ErrorCode } from '@agent-orchestrator/core';

/** By the beginning of the driver's code; the first that fits. */
const CODES: readonly (readonly [prefix: string, code: ErrorCode])[] = [
  ['SQLITE_NOTADB', 'STORE_NOT_A_DATABASE'],
  ['SQLITE_CORRUPT', 'STORE_CORRUPT'],
  ['SQLITE_BUSY', 'STORE_BUSY'],
  ['SQLITE_LOCKED', 'STORE_BUSY'],
  ['SQLITE_FULL', 'STORE_FULL'],
  ['SQLITE_IOERR', 'STORE_IO'],
  ['SQLITE_CANTOPEN', 'STORE_PERMISSION'],
  ['SQLITE_READONLY', 'STORE_PERMISSION'],
  ['SQLITE_PERM', 'STORE_PERMISSION'],
  ['EACCES', 'STORE_PERMISSION'],
  ['ENOTDIR', 'STORE_NOT_FOUND'],
];

const HINTS: Readonly<Partial<Record<ErrorCode, string>>> = {
  STORE_BUSY: 'Stop the programs that use the old file, then try again.',
  STORE_CORRUPT: 'Repair the old file, or use an undamaged copy of it.',
  STORE_FULL: 'Free some space in the folder for temporary files, then try again.',
  STORE_IO: 'Check the disk that holds the old file, then try again.',
};

/** The only place where errors of the driver become an `OrchestratorError`. Others pass unchanged. */
export function translateError(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || error instanceof OrchestratorError || !('code' in error)) return error;
  const driver = String(error.code);
  const code = CODES.find(([prefix]) => driver.startsWith(prefix))?.[1];
  if (code === undefined) return error;
  const hint = HINTS[code];
  return new OrchestratorError(code, `${path} cannot be read (${driver}: ${error.message}).`, {
    cause: error,
    ...(hint !== undefined && { hint }),
  });
}
