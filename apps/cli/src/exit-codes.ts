import type { ErrorCode } from '@agent-orchestrator/core';

/**
 * The meanings of the exit codes, printed by `orchestrator help exit-codes`. Codes from 64 on are those of sysexits.h,
 * so that scripts can tell "try again" from "fix this" without reading a message.
 */
export const EXIT_CODES = {
  0: 'Done. Also for a duplicate task (`data.outcome` is `duplicate`).',
  1: 'Not as asked: a check found something, you said no, a host does not work; or a refusal, as for an ended task.',
  64: 'Usage: the command line is invalid.',
  65: 'Bad input data: a payload, file, journal or database is malformed or exceeds a limit.',
  66: 'There is no such task, session or agent, or no journal in the folder.',
  69: 'The store cannot be reached or does not exist; `health`: agents cannot work on it. An agent host is not there.',
  70: 'Internal error: please report it.',
  71: '`run`: something that the command started may still be alive; no outcome was reported.',
  73: 'No permission for the store, the result file or journal of `run`, or the configuration of a host.',
  74: 'I/O error: the disk is full or failed, or the answer or the journal could not be written.',
  75: 'Busy, or nothing to claim: try again.',
  77: "Refused: not the holder, an old token, an agent that may not claim, a read-only store, a host's foreign entry.",
  78: 'Configuration: the file is invalid, or the store needs another version or another place.',
  79: '`run`: the lease was lost while the command ran.',
  124: '`run`: the command took longer than its --timeout.',
  125: '`run`: failed before the command started; no attempt was charged.',
  126: '`run`: the command cannot be executed; no attempt was charged.',
  127: '`run`: the command was not found; no attempt was charged.',
  129: 'Interrupted (SIGHUP).',
  130: 'Interrupted (SIGINT).',
  143: 'Interrupted (SIGTERM); or `run`: the task was cancelled.',
} as const;

export type ExitCode = keyof typeof EXIT_CODES;

/** The codes that the table cannot list. */
export const OTHER_EXIT_CODES =
  "Otherwise `run` returns the command's own exit code, or 128 + N after signal N to the command or to `run`.";

/** Error codes that the command line adds to those of the API, among them the reasons of refusals in upper case. */
type CliCode =
  | 'BUSY'
  | 'NO_TASK'
  | 'LEASE_LOST'
  | 'TURN_BEHIND'
  | 'ENDED'
  | 'NOT_ENDED'
  | 'SUCCEEDED'
  | 'DUPLICATE'
  | 'NO_QUESTION'
  | 'ANSWERED'
  | 'OTHER_QUESTION'
  | 'NOT_EMPTY'
  | 'NOT_IN_REVIEW'
  | 'OTHER_WORK'
  | 'OPEN_REVIEW'
  | 'REVIEW_OVER'
  | 'AGENT_DRAINING'
  | 'AGENT_RETIRED'
  | 'AGENT_UNREGISTERED'
  | 'USAGE'
  | 'CONTENT'
  | 'INTERRUPTED'
  | 'NOT_STARTED'
  | 'MAY_BE_ALIVE'
  | 'OUTPUT'
  | 'NODE_TOO_OLD'
  | 'NOT_CONFIRMED'
  | 'DECLINED'
  | 'HOST_NOT_FOUND'
  | 'HOST_CONFIG_INVALID'
  | 'HOST_CONFIG_UNUSABLE'
  | 'HOST_ENTRY_FOREIGN'
  | 'HOST_BUSY'
  | 'HOST_FAILED';

export type FailureCode = ErrorCode | CliCode;

/** The exit code of each error. For an error in content that was read, 64 becomes 65 (see `failureOf`). */
export const EXIT_OF = {
  USAGE: 64,
  CONTENT: 65,
  INTERRUPTED: 130,
  NOT_STARTED: 125,
  MAY_BE_ALIVE: 71,
  OUTPUT: 74,
  /** Answered by `bin/node-guard.js`: such a Node cannot load this file. */
  NODE_TOO_OLD: 78,

  NOT_CONFIRMED: 64,
  DECLINED: 1,
  HOST_NOT_FOUND: 69,
  HOST_CONFIG_INVALID: 78,
  HOST_CONFIG_UNUSABLE: 73,
  HOST_ENTRY_FOREIGN: 77,
  HOST_BUSY: 75,
  HOST_FAILED: 1,

  BUSY: 75,
  NO_TASK: 75,
  LEASE_LOST: 77,
  TURN_BEHIND: 77,
  ENDED: 1,
  NOT_ENDED: 1,
  SUCCEEDED: 1,
  DUPLICATE: 1,
  NO_QUESTION: 1,
  ANSWERED: 1,
  OTHER_QUESTION: 1,
  NOT_EMPTY: 1,
  NOT_IN_REVIEW: 1,
  OTHER_WORK: 1,
  OPEN_REVIEW: 1,
  REVIEW_OVER: 1,
  REVIEW_OWN_WORK: 77,
  REVIEW_TWICE: 77,
  AGENT_DRAINING: 77,
  AGENT_RETIRED: 77,
  AGENT_UNREGISTERED: 77,
  ROLE_NOT_HELD: 77,
  SIGNATURE_REQUIRED: 77,
  SIGNATURE_INVALID: 77,
  KEY_NOT_FOUND: 66,
  KEY_UNREADABLE: 73,
  PASSPHRASE_MISSING: 64,
  PASSPHRASE_WRONG: 77,

  INVALID_INPUT: 64,
  LIMIT_EXCEEDED: 64,
  TASK_EXISTS: 65,
  DEPENDENCY_NOT_FOUND: 66,
  DEPENDENCY_CYCLE: 65,
  NOT_FOUND: 66,
  CURSOR_AHEAD: 65,
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
  STORE_SECOND_NAME: 78,
  STORE_PARTIAL_NAME: 78,
  STORE_ALTERED: 78,
  STORE_ENCODING: 78,
  STORE_PATH_TOO_LONG: 78,
  STORE_PERMISSION: 73,
  STORE_FOREIGN: 73,
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
  STORE_AUTHENTICATION: 77,
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
