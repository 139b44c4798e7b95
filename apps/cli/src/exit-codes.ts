import type { ErrorCode } from '@agent-orchestrator/core';

/**
 * What every exit code means: the one table, printed by `orchestrator help exit-codes`. Codes from 64 on are those of
 * sysexits.h, so that scripts can tell "try again" from "mend this" without reading a message.
 */
export const EXIT_CODES = {
  0: 'Done. A task that was there already (`data.outcome` is `duplicate`) is done, too.',
  1: 'The condition that was asked for is false: verify, doctor or journal check found something, the task has ended, tasks still wait in the session.',
  64: 'Usage: something is wrong with the words of the command line.',
  65: 'Bad input data: content that was read (a payload, a file, a journal, a database) is malformed or crosses a limit.',
  66: 'There is no such task or session, or no journal in the folder.',
  69: 'The store cannot be reached, or is not there.',
  70: 'Internal error: please report it.',
  73: 'The store cannot be created or opened with the rights of this user; or the result file or the journal of `run` cannot.',
  74: 'I/O error: the disk is full, or reported an error; or the answer or the journal could not be written.',
  75: 'Busy, or nothing to claim: try again.',
  77: 'Refused: not the holder, a stale token, a read-only store.',
  78: 'Configuration: the configuration file cannot be used, or this store needs another version or another place.',
  79: '`run`: the lease was lost while the command ran.',
  124: '`run`: the command took longer than its --timeout.',
  125: '`run`: it failed before the command started; no attempt was charged.',
  126: '`run`: the command cannot be executed; no attempt was charged.',
  127: '`run`: the command was not found; no attempt was charged.',
  129: 'Interrupted (SIGHUP).',
  130: 'Interrupted (SIGINT).',
  143: 'Interrupted (SIGTERM); or `run`: the task was cancelled.',
} as const;

export type ExitCode = keyof typeof EXIT_CODES;

/** What the table cannot list. */
export const OTHER_EXIT_CODES =
  'Any other is that of the command of `run`, passed on; 128 and the number of the signal where a signal ended it, or was sent to `run`: then never 0, whatever the command made of it.';

/** Codes of errors that the command line adds to those of the API; reasons of refusals in upper case among them. */
type CliCode =
  | 'BUSY'
  | 'NO_TASK'
  | 'LEASE_LOST'
  | 'TURN_BEHIND'
  | 'ENDED'
  | 'NOT_ENDED'
  | 'SUCCEEDED'
  | 'NOT_EMPTY'
  | 'USAGE'
  | 'CONTENT'
  | 'INTERRUPTED'
  | 'NOT_STARTED'
  | 'OUTPUT';

export type FailureCode = ErrorCode | CliCode;

/** Which exit code an error gets. Where the fault lies in content that was read, 64 becomes 65 (see `failureOf`). */
export const EXIT_OF = {
  USAGE: 64,
  CONTENT: 65,
  INTERRUPTED: 130,
  NOT_STARTED: 125,
  OUTPUT: 74,

  BUSY: 75,
  NO_TASK: 75,
  LEASE_LOST: 77,
  TURN_BEHIND: 77,
  ENDED: 1,
  NOT_ENDED: 1,
  SUCCEEDED: 1,
  NOT_EMPTY: 1,

  INVALID_INPUT: 64,
  LIMIT_EXCEEDED: 64,
  TASK_EXISTS: 65,
  NOT_FOUND: 66,
  COMMAND_ID_REUSED: 64,
  COMMAND_ID_EXPIRED: 64,

  CONFIG_INVALID: 78,
  STORE_URL_INVALID: 64,
  STORE_UNSUPPORTED: 64,
  STORE_NOT_FOUND: 69,
  STORE_UNREACHABLE: 69,
  STORE_NOT_A_DATABASE: 65,
  STORE_LEGACY: 78,
  STORE_NOT_LEGACY: 65,
  STORE_NEWER: 78,
  STORE_OLDER: 78,
  STORE_UNSUITABLE: 78,
  STORE_MOVED: 78,
  STORE_NOT_EMPTY: 78,
  STORE_PERMISSION: 73,
  STORE_READ_ONLY: 77,
  STORE_FULL: 74,
  STORE_IO: 74,
  STORE_CORRUPT: 74,
  STORE_REPLACED: 74,
  STORE_BUSY: 75,
  STORE_INCOMPLETE: 75,
  STORE_LOGIN_REFUSED: 77,
  STORE_DATABASE_MISSING: 69,
  STORE_TLS: 69,
  STORE_SERVER_TOO_OLD: 78,
  STORE_STANDBY: 69,
  STORE_POOLER: 78,
  OUTCOME_UNKNOWN: 75,
  JOURNAL_UNWRITABLE: 74,
  JOURNAL_NOT_FOUND: 66,
  JOURNAL_DAMAGED: 65,
  STORE_CLOSED: 70,
  STORAGE_FAILED: 70,
  INTERNAL: 70,
} as const satisfies Record<FailureCode, ExitCode>;
