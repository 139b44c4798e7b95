/**
 * Mistakes and outages throw an `OrchestratorError`; a lost race is a value (see each command's reply).
 * Each code says whether the same call may succeed later, what happened, and what to do next.
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
    hint: 'Leave out the id, or use a dedupe key if the same task may be sent twice.',
  },
  REVIEW_OWN_WORK: {
    retryable: false,
    means: 'No agent reviews work that it held itself.',
    hint: 'An agent with the role of the review that never held the task can claim it (`orchestrator why task`).',
  },
  REVIEW_TWICE: {
    retryable: false,
    means: 'Each agent gives one verdict in a round of reviews.',
    hint:
      'Release the review (`orchestrator release --outcome released`): another agent with its role can claim it ' +
      '(`orchestrator why task`).',
  },
  SIGNATURE_REQUIRED: {
    retryable: false,
    means: 'A verdict must be signed: the agent has a key, or the role of the review demands it.',
    hint:
      'Sign it where the private key is: `orchestrator approve` and `orchestrator request-changes` do. ' +
      '`orchestrator agent key create AGENT` makes a key.',
  },
  SIGNATURE_INVALID: {
    retryable: false,
    means: "A signature is not that of the agent's key over this verdict.",
    hint:
      'Sign this very verdict with the present key of the agent. ' +
      '`orchestrator agent key show AGENT` shows which one that is.',
  },
  KEY_NOT_FOUND: {
    retryable: false,
    means: 'The private half of a key is not on this machine, or the agent has no key.',
    hint: 'Sign where the key was made, or make one here: `orchestrator agent key create AGENT`.',
  },
  KEY_UNREADABLE: {
    retryable: false,
    means: 'The file of a key cannot be used.',
    hint: 'Let your user alone read the file (`chmod 600 FILE`), or restore it from a copy of your own.',
  },
  PASSPHRASE_MISSING: {
    retryable: false,
    means: 'A key is protected by a passphrase, and none was given.',
    hint: 'Run the command in a terminal, give --passphrase-file FILE, or set ORCHESTRATOR_KEY_PASSPHRASE.',
  },
  PASSPHRASE_WRONG: {
    retryable: false,
    means: 'The passphrase does not open the key.',
    hint: 'Try again with the passphrase that was given when the key was made. Nothing was written.',
  },
  DEPENDENCY_NOT_FOUND: {
    retryable: false,
    means: 'A task is to depend on a task, to wait for one, or to be a part of one, that does not exist.',
    hint: 'Add the other task first or in the same batch, or correct its id (`orchestrator task list`).',
  },
  DEPENDENCY_CYCLE: {
    retryable: false,
    means: 'Tasks would wait for each other, or be parts of each other, for ever.',
    hint: 'Change the field that is named, so that the tasks in the message form no cycle.',
  },
  NOT_FOUND: {
    retryable: false,
    means: 'There is no such task, session or agent.',
    hint: 'List them with `orchestrator task list`, `orchestrator session list` or `orchestrator agent list`.',
  },
  ROLE_NOT_HELD: {
    retryable: false,
    means: 'A registered agent claims for a role that the registry does not give it.',
    hint:
      'Leave the role out, or register the agent again with all the roles that it is to have: ' +
      '`orchestrator agent register AGENT --role ROLE`.',
  },
  CURSOR_AHEAD: {
    retryable: false,
    means: 'The log ends before the event to begin after. It lost its last events, or the number is of another store.',
    hint:
      'Begin after the last event that the message names. If the server was restored or failed over, what was read ' +
      'beyond it is not in the log any more: check that work with `orchestrator since`.',
  },
  COMMAND_ID_REUSED: {
    retryable: false,
    means: 'This command id was used for another request.',
    hint: 'Use a new command id for each request, or leave it out to get one.',
  },
  COMMAND_ID_EXPIRED: {
    retryable: false,
    means: 'This command id is too old, or its time is too far in the future.',
    hint: 'Check the state with `orchestrator task show`, then send the command with a new id.',
  },
  CONFIG_INVALID: {
    retryable: false,
    means: 'The configuration cannot be used.',
    hint: 'Correct the setting that the message names. Without the file, the defaults are used.',
  },
  STORE_URL_INVALID: {
    retryable: false,
    means: 'The store URL cannot be used.',
    hint: 'Use sqlite:/absolute/path.db, postgres://user@host/database or memory:.',
  },
  STORE_NOT_FOUND: {
    retryable: false,
    means: 'There is no store at this place.',
    hint: 'Create it with `orchestrator store init`, or correct --store (`orchestrator store path` shows its value).',
  },
  STORE_NOT_A_DATABASE: {
    retryable: false,
    means: 'The file is not an orchestrator database.',
    hint: 'Name another file. Nothing was changed.',
  },
  STORE_LEGACY: {
    retryable: false,
    means: "This is the proof of concept's database.",
    hint:
      'Stop its programs. Rename the file, and its -wal file if there is one. ' +
      'Then run `orchestrator store import-legacy FILE`.',
  },
  STORE_NOT_LEGACY: {
    retryable: false,
    means: 'The file is not a database of the proof of concept.',
    hint: 'Give the path of the database of the proof of concept.',
  },
  STORE_NEWER: {
    retryable: false,
    means: 'The store was written by a newer version.',
    hint: 'Upgrade the orchestrator on this machine.',
  },
  STORE_OLDER: {
    retryable: false,
    means: 'The store was written by an older version, and a read does not upgrade it.',
    hint: 'Run `orchestrator store init` to upgrade it in place.',
  },
  STORE_PERMISSION: {
    retryable: false,
    means: 'This user has no permission to create or open the store.',
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
    hint: 'Free some disk space, then try again.',
  },
  STORE_IO: {
    retryable: true,
    means: 'The disk reported an error. It is not known whether the last command took effect.',
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
    hint: 'Try again. If it happens again, find out which process keeps it locked.',
  },
  STORE_REPLACED: {
    retryable: false,
    means: 'The database file, or its log, was moved, deleted or replaced.',
    hint:
      'Restart the program to open the files that are at this path now. ' +
      'The -wal and -shm files belong to a store in use.',
  },
  STORE_SECOND_NAME: {
    retryable: false,
    means: 'The database file can be reached by a second name, which would get a log of its own.',
    hint:
      'Stop the programs that use the store. If one name has a -wal or -journal file beside it, keep that name, else ' +
      'the one that you use, and remove the other. If the name that you keep contains `.partial-`, rename it at ' +
      'once, and the files beside it: a later backup may remove them. If both names have such a file, copy all the ' +
      'files, and compare what each shows with `orchestrator verify`. ' +
      'Share the folder of the store, never the file alone.',
  },
  STORE_FOREIGN: {
    retryable: false,
    means: 'A file of the store belongs to another user, or another user may write to it.',
    hint: 'Put the store into a folder of your own, or remove the file that the message names.',
  },
  STORE_ALTERED: {
    retryable: false,
    means: 'The tables of the store are not those that this version makes.',
    hint: 'Undo what the message names, or restore a backup.',
  },
  STORE_ENCODING: {
    retryable: false,
    means: 'The database does not keep its text in UTF-8.',
    hint: 'Use a database with the encoding UTF8.',
  },
  STORE_PATH_TOO_LONG: {
    retryable: false,
    means: 'The path of the store is too long.',
    hint: 'Name a shorter path. A letter that is not ASCII has 2 to 4 bytes.',
  },
  STORE_MOVED: {
    retryable: false,
    means: 'The store was moved to a new address.',
    hint:
      'Set --store or ORCHESTRATOR_STORE to the new address, with your own login. ' +
      'The data here can still be read.',
  },
  STORE_INCOMPLETE: {
    retryable: true,
    means: 'A move or a restore is still filling the store.',
    hint:
      'Wait until it is done. If it was interrupted, run the same `orchestrator store move`, `import-legacy` or ' +
      '`orchestrator store restore` again: it continues.',
  },
  STORE_PARTIAL_NAME: {
    retryable: false,
    means: 'The path is the name of a backup that is not complete.',
    hint:
      'Take a new backup: a file of that name may hold only a part of the data. Rename it, and the files beside it, ' +
      'only if you know that it is complete.',
  },
  STORE_NOT_EMPTY: {
    retryable: false,
    means: 'The destination is not empty.',
    hint: 'Use a new file or an empty database. Nothing was changed.',
  },
  STORE_CLOSED: { retryable: false, means: 'The store was closed.', hint: 'Open it again.' },
  STORE_UNREACHABLE: {
    retryable: true,
    means: 'The store cannot be reached.',
    hint: 'Check the address, check that the server runs, then try again.',
  },
  STORE_LOGIN_REFUSED: {
    retryable: false,
    means: 'The server rejected the user or the password.',
    hint: 'Check the user and the password in the store URL.',
  },
  STORE_DATABASE_MISSING: {
    retryable: false,
    means: 'The server has no database of this name.',
    hint: 'Create the database on the server, or correct its name in the store URL.',
  },
  STORE_TLS: {
    retryable: false,
    means: 'No secure connection to the server could be made.',
    hint:
      'Configure TLS on the server, with a certificate for its name. For a certificate authority of your own, add ' +
      '?sslrootcert=/path/ca.crt to the store URL. In a network that you trust, add ?sslmode=require (no check of ' +
      'the certificate) or ?sslmode=disable.',
  },
  STORE_AUTHENTICATION: {
    retryable: false,
    means: 'The server asked for the password in a way that is not safe, or has not proven who it is.',
    hint: 'Let the server use scram-sha-256.',
  },
  STORE_SERVER_TOO_OLD: {
    retryable: false,
    means: 'The server is older than the oldest supported version.',
    hint: 'Upgrade the server at least to the version that the message names.',
  },
  STORE_STANDBY: {
    retryable: true,
    means: 'The server is a standby: it accepts no writes, and its data may be old.',
    hint: 'Set the store URL to the primary server.',
  },
  STORE_POOLER: {
    retryable: false,
    means: 'A connection pooler in front of the server lost a prepared statement.',
    hint: 'Add ?prepare=false to the store URL.',
  },
  OUTCOME_UNKNOWN: {
    retryable: true,
    means: 'The connection was lost before the answer came. It is not known whether the command took effect.',
    hint:
      'Send the same command with the same command id: it takes effect at most once. ' +
      '`orchestrator task show` shows the present state.',
  },
  STORE_UNSUITABLE: {
    retryable: false,
    means: 'The store cannot work reliably here.',
    hint: 'The message says which part is too old or unsafe, and what to use instead.',
  },
  STORE_UNSUPPORTED: {
    retryable: false,
    means: 'This kind of store does not support the request.',
    hint: 'Leave out the option, or use another kind of store.',
  },
  STORAGE_FAILED: {
    retryable: false,
    means: 'The package of this storage failed.',
    hint: 'Check the store in the message. If it is in order, report the message to the authors of the package.',
  },
  JOURNAL_UNWRITABLE: {
    retryable: true,
    means: 'The journal cannot be written.',
    hint: 'Free some space on its disk, and check the owner and mode of its folder.',
  },
  JOURNAL_NOT_FOUND: {
    retryable: false,
    means: 'There is no journal in this folder.',
    hint: 'Give the folder that `orchestrator run --journal` or `createWorker` was started with.',
  },
  JOURNAL_DAMAGED: {
    retryable: false,
    means: 'A journal has a line that cannot be read.',
    hint: 'Look at the line that the message names. To check the rest, use a copy of the journal without that line.',
  },
  INTERNAL: {
    retryable: false,
    means: 'The orchestrator broke one of its own rules.',
    hint: 'Run `orchestrator verify` and report what it prints.',
  },
} as const satisfies Record<string, { retryable: boolean; means: string; hint: string }>;

/** The codes of all errors that are thrown. Reasons of refusals are values and have no code. */
export type ErrorCode = keyof typeof ERRORS;

const BRAND = Symbol.for('@agent-orchestrator/error');

/**
 * The error for mistakes and outages. The message never holds a secret.
 *
 * A storage of another package may load its own copy of this module. `instanceof` is true for the errors of every copy.
 * Otherwise an error of such a storage would be taken for an internal error.
 */
export class OrchestratorError extends Error {
  override readonly name = 'OrchestratorError';
  readonly code: ErrorCode;
  /** What to do next; names only commands that exist. */
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

/** The error for a reader whose cursor is beyond the end of the log: it would miss the events that come next. */
export function cursorAhead(cursor: number, last: number, field = 'after'): OrchestratorError {
  return new OrchestratorError(
    'CURSOR_AHEAD',
    `The log ends at event #${last}, before event #${cursor}, after which to begin.`,
    { field },
  );
}

/** An error for a broken rule of the orchestrator itself. */
export function internalError(message: string): OrchestratorError {
  return new OrchestratorError('INTERNAL', message);
}
