/**
 * Mistakes and outages throw an `OrchestratorError`; a lost race is a value (see each command's reply).
 * One line per code: whether the same call may succeed later, what happened, and the legal way on.
 */
export const ERRORS = {
  INVALID_INPUT: {
    retryable: false,
    means: 'A value is malformed.',
    hint: 'Correct the named field; `orchestrator help limits` prints the limits.',
  },
  LIMIT_EXCEEDED: {
    retryable: false,
    means: 'A value is larger than its limit.',
    hint: 'Make the named field smaller; `orchestrator help limits` prints the limits.',
  },
  TASK_EXISTS: {
    retryable: false,
    means: 'A task with this id exists.',
    hint: 'Leave the id out, or use a dedupe key if the same task may be sent twice.',
  },
  NOT_FOUND: {
    retryable: false,
    means: 'There is no such task or session.',
    hint: '`orchestrator task list` and `orchestrator session list` show what there is.',
  },
  COMMAND_ID_REUSED: {
    retryable: false,
    means: 'This command id was used for another request.',
    hint: 'Use one command id per request; leave it out to get a new one.',
  },
  COMMAND_ID_EXPIRED: {
    retryable: false,
    means: 'This command id is too old or too far ahead to be judged.',
    hint: 'Ask for the state first (`orchestrator task show`), then send the command with a new id.',
  },
  CONFIG_INVALID: {
    retryable: false,
    means: 'The configuration cannot be used.',
    hint: 'Correct what the message names; without the file, the defaults hold.',
  },
  STORE_URL_INVALID: {
    retryable: false,
    means: 'The store URL cannot be used.',
    hint: 'Write sqlite:/absolute/path.db, postgres://user:password@host/database or memory:.',
  },
  STORE_NOT_FOUND: {
    retryable: false,
    means: 'There is no store at this place.',
    hint: 'Create it with `orchestrator store init`, or point --store at the right one (`orchestrator store path`).',
  },
  STORE_NOT_A_DATABASE: {
    retryable: false,
    means: 'The file is not an orchestrator database.',
    hint: 'Point --store at another path; nothing was changed.',
  },
  STORE_LEGACY: {
    retryable: false,
    means: "This is the proof of concept's database.",
    hint: 'Stop its programs and rename the file, with its -wal file if there is one; then run `orchestrator store import-legacy FILE`.',
  },
  STORE_NOT_LEGACY: {
    retryable: false,
    means: 'The file is not a database of the proof of concept.',
    hint: 'Name the file of the proof of concept.',
  },
  STORE_NEWER: {
    retryable: false,
    means: 'The store was written by a newer version.',
    hint: 'Upgrade the orchestrator on this machine.',
  },
  STORE_OLDER: {
    retryable: false,
    means: 'The store is of an older version and reading does not upgrade it.',
    hint: 'Run `orchestrator store init`: it upgrades in place.',
  },
  STORE_PERMISSION: {
    retryable: false,
    means: 'The store cannot be created or opened with the rights of this user.',
    hint: 'Check the owner and mode of the folder and the file.',
  },
  STORE_READ_ONLY: {
    retryable: false,
    means: 'The store cannot be written.',
    hint: 'Check the mode of the file and its folder, and how the disk is mounted.',
  },
  STORE_FULL: {
    retryable: true,
    means: 'The disk is full. Nothing was changed.',
    hint: 'Free some space and try again.',
  },
  STORE_IO: {
    retryable: true,
    means: 'The disk reported an error; whether the last command took effect is not known.',
    hint: 'Send the same command with the same command id: it takes effect at most once.',
  },
  STORE_CORRUPT: {
    retryable: false,
    means: 'The database file is damaged.',
    hint: 'Run `orchestrator store check`, then restore a backup.',
  },
  STORE_BUSY: {
    retryable: true,
    means: 'Another process kept the store locked for too long.',
    hint: 'Try again; if it goes on, see which process keeps the file open.',
  },
  STORE_REPLACED: {
    retryable: false,
    means: 'The database file was moved or replaced while it was open.',
    hint: 'Start again, so that the file at this path is opened.',
  },
  STORE_MOVED: {
    retryable: false,
    means: 'The store was moved to another place.',
    hint: 'Use it at its new address: point --store or ORCHESTRATOR_STORE there, with your own login. What stands here can still be read.',
  },
  STORE_INCOMPLETE: {
    retryable: true,
    means: 'The store is still being filled by a move or a restore.',
    hint: 'Wait until it is done. If it was interrupted, run the same `orchestrator store move` or `orchestrator store restore` again: it goes on.',
  },
  STORE_NOT_EMPTY: {
    retryable: false,
    means: 'The place for the copy holds other data.',
    hint: 'Name a new file or an empty database; nothing was changed.',
  },
  STORE_CLOSED: { retryable: false, means: 'The store was closed.', hint: 'Open it again.' },
  STORE_UNREACHABLE: {
    retryable: true,
    means: 'The store cannot be reached.',
    hint: 'Check the address and whether the server runs, then try again.',
  },
  STORE_LOGIN_REFUSED: {
    retryable: false,
    means: 'The server refused the user or the password.',
    hint: 'Check the user and the password in the store URL.',
  },
  STORE_DATABASE_MISSING: {
    retryable: false,
    means: 'The server has no such database.',
    hint: 'Create the database on the server, or correct its name in the store URL.',
  },
  STORE_TLS: {
    retryable: false,
    means: 'No secure connection to the server could be made.',
    hint: 'Let the server offer TLS with a certificate for its name; for an authority of your own, add ?sslrootcert=/path/ca.crt. In a network that you trust, add ?sslmode=require (no check of the certificate) or ?sslmode=disable to the store URL.',
  },
  STORE_SERVER_TOO_OLD: {
    retryable: false,
    means: 'The server is older than the oldest supported version.',
    hint: 'Upgrade the server; the message names the oldest version that will do.',
  },
  STORE_STANDBY: {
    retryable: true,
    means: 'The server is a standby: it cannot be written, and what it shows may be old.',
    hint: 'Let the store URL name the primary server.',
  },
  STORE_POOLER: {
    retryable: false,
    means: 'A connection pooler stands before the server, and lost a prepared statement.',
    hint: 'Add ?prepare=false to the store URL.',
  },
  OUTCOME_UNKNOWN: {
    retryable: true,
    means: 'The connection was lost before the answer came; whether the command took effect is not known.',
    hint: 'Send the same command with the same command id: it takes effect at most once. `orchestrator task show` shows how things stand.',
  },
  STORE_UNSUITABLE: {
    retryable: false,
    means: 'The store cannot keep its promises here.',
    hint: 'The message says which part is too old or unsafe, and what to use.',
  },
  STORE_UNSUPPORTED: {
    retryable: false,
    means: 'This kind of store cannot do that.',
    hint: 'Leave it out, or use a store of another kind.',
  },
  STORAGE_FAILED: {
    retryable: false,
    means: 'The package of this storage failed.',
    hint: 'Check the store that the message names; if it is in order, report the message to the authors of the package.',
  },
  JOURNAL_UNWRITABLE: {
    retryable: true,
    means: 'The journal cannot be written.',
    hint: 'Free some space on its disk, or check the owner and mode of its folder.',
  },
  JOURNAL_NOT_FOUND: {
    retryable: false,
    means: 'There is no journal to read in this folder.',
    hint: 'Name the folder that was given to `orchestrator run --journal` or to `createWorker`.',
  },
  JOURNAL_DAMAGED: {
    retryable: false,
    means: 'A journal has a line that cannot be read.',
    hint: 'Look at the line that the message names. A copy of the journal without it can be checked.',
  },
  INTERNAL: {
    retryable: false,
    means: 'A rule of the product was broken.',
    hint: 'Run `orchestrator verify` and report what it prints.',
  },
} as const satisfies Record<string, { retryable: boolean; means: string; hint: string }>;

/** The codes of everything that is thrown. Reasons of refusals are values and are not among them. */
export type ErrorCode = keyof typeof ERRORS;

const BRAND = Symbol.for('@agent-orchestrator/error');

/**
 * What is thrown for mistakes and outages. The message never holds a secret.
 *
 * A storage of another package may bring its own copy of this module along. `instanceof` holds for errors of every copy, or
 * what such a storage throws would be taken for a broken rule.
 */
export class OrchestratorError extends Error {
  override readonly name = 'OrchestratorError';
  readonly code: ErrorCode;
  /** The legal way on; names only commands that exist. */
  readonly hint: string;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** The input field at fault, as a path such as `tasks[3].payload`. */
  readonly field: string | undefined;

  constructor(
    code: ErrorCode,
    message: string = ERRORS[code].means,
    options: { hint?: string; field?: string; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? ERRORS[code].hint;
    this.retryable = ERRORS[code].retryable;
    this.field = options.field;
  }

  get [BRAND](): true {
    return true;
  }

  static override [Symbol.hasInstance](value: unknown): value is OrchestratorError {
    return typeof value === 'object' && value !== null && BRAND in value;
  }
}

/** An error about one field of the input. */
export function invalidInput(
  field: string,
  problem: string,
  code: 'INVALID_INPUT' | 'LIMIT_EXCEEDED' = 'INVALID_INPUT',
): OrchestratorError {
  return new OrchestratorError(code, `${field} ${problem}.`, { field });
}

/** A broken rule of our own. */
export function internalError(message: string): OrchestratorError {
  return new OrchestratorError('INTERNAL', message);
}
