import { OrchestratorError, type ErrorCode } from '@agent-orchestrator/core';

/** The parts of an error of the driver or the server that contain no values of rows. */
interface DriverError {
  readonly code: string;
  readonly message: string;
  readonly constraint: string;
  readonly table: string;
}

/** The fields of it as the driver names them. */
interface ServerError {
  readonly code?: unknown;
  readonly constraint_name?: string;
  readonly table_name?: string;
}

/** What triggers answer to a write in a store that is shut (`refuse_work` in the migrations). */
const SHUT = 'AO001';

/** The transaction had failed before: a consequence, not a cause. */
const ABORTED = '25P02';

/**
 * No rule of the server lets this user connect from here, or not without TLS. The server says which only in words, in
 * its own language.
 */
const NOT_LET_IN = '28000';
const NOT_LET_IN_HINT =
  'Check the user in the store URL, and the connection rules of the server (pg_hba.conf). ' +
  'If the server requires TLS, remove ?sslmode=disable or add ?sslmode=verify-full.';

/** Codes of the driver: its own words repeat the code. */
const DRIVER_SAYS: Readonly<Record<string, string>> = {
  CONNECT_TIMEOUT: 'no answer',
  CONNECTION_CLOSED: 'the connection was lost',
  CONNECTION_DESTROYED: 'the connection was lost',
  CONNECTION_ENDED: 'the connection was lost',
};

/** The system and the driver, when there is no connection to be had, or no longer one. */
const CONNECTION_CODES = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECTION_ENDED',
  'CONNECT_TIMEOUT',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EAI_AGAIN',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  // Idle in a transaction for too long, or too long in it: this process stood still, and the server let go.
  '25P03',
  '25P04',
]);

/** Unique violation. */
const TAKEN = '23505';
const KEY_TRIES_MAX = 5;
const FENCE_TRIES_MAX = 20;

/** Another transaction came first, or the server stops or starts: the same once more may well succeed. */
const PASSING_CODES = new Set([TAKEN, '40001', '40P01', '53300']);
/**
 * Too long for one lock, and for a whole statement, which may wait for one lock after the other, each for less. The
 * statements of a unit of work look up by keys: none takes so long by itself.
 */
const LOCKED_CODES = new Set(['55P03', '57014']);

/** Error codes by the beginning of the server's code. */
const CODES: readonly (readonly [prefix: string, code: ErrorCode])[] = [
  [SHUT, 'STORE_MOVED'],
  ['28', 'STORE_LOGIN_REFUSED'],
  ['SASL_SIGNATURE_MISMATCH', 'STORE_AUTHENTICATION'],
  ['3D000', 'STORE_DATABASE_MISSING'],
  ['3F000', 'STORE_NOT_FOUND'],
  ['42P01', 'STORE_NOT_FOUND'],
  ['42501', 'STORE_PERMISSION'],
  ['25006', 'STORE_STANDBY'],
  ['26000', 'STORE_POOLER'],
  ['42P05', 'STORE_POOLER'],
  // A start-up parameter that a pooler does not pass on.
  ['08P01', 'STORE_POOLER'],
  ['53100', 'STORE_FULL'],
  ['58030', 'STORE_IO'],
  ['XX001', 'STORE_CORRUPT'],
  ['XX002', 'STORE_CORRUPT'],
  ['55P03', 'STORE_BUSY'],
  ['57014', 'STORE_BUSY'],
  ['53', 'STORE_BUSY'],
  ['40', 'STORE_BUSY'],
  ['57P', 'STORE_UNREACHABLE'],
  ['08', 'STORE_UNREACHABLE'],
];

/** Whether the connection is gone, so that it is unknown what became of what was sent last. */
export function isConnectionLost(error: unknown): boolean {
  const { code } = describe(error);
  return CONNECTION_CODES.has(code) || /^57P0[1-3]$/.test(code) || (code.startsWith('08') && code !== '08P01');
}

/** Whether it waited for locks of other transactions for as long as it may. */
export function isLockedTooLong(error: unknown): boolean {
  return LOCKED_CODES.has(describe(error).code);
}

/** Whether the same unit of work may succeed if it is tried again. */
export function isPassing(error: unknown): boolean {
  // The store was opened on a primary, so this is a fail-over: the standby is about to be promoted.
  if (error instanceof OrchestratorError) return error.code === 'STORE_STANDBY';
  const { code, table } = describe(error);
  // The clock's state in `meta` had changed since it was read: the guard makes that an error.
  return (
    PASSING_CODES.has(code) ||
    LOCKED_CODES.has(code) ||
    (code === '23502' && table === 'meta') ||
    isConnectionLost(error)
  );
}

/**
 * How often a unit of work is tried. The try after one that met a key of another transaction sees that key. So a key
 * that is taken again and again is a mistake. Only a fence can be taken by chance each time, by another grant.
 */
export function triesMax(error: unknown): number {
  const { code, constraint } = describe(error);
  if (code !== TAKEN) return Infinity;
  return constraint === 'event_log_lease' ? FENCE_TRIES_MAX : KEY_TRIES_MAX;
}

/** Of the errors of one flush the one that the others follow from. */
export function firstCause(errors: readonly unknown[]): unknown {
  return errors.find((error) => describe(error).code !== ABORTED) ?? errors[0];
}

export function connectionLost(): Error {
  return Object.assign(new Error('The connection was lost.'), { code: 'CONNECTION_CLOSED' });
}

/**
 * What ended a connection, with the server that it was to. Neither the system nor the driver always names it, and a
 * driver that did not make the socket names it wrongly.
 */
export function ofServer(error: unknown, server: string): unknown {
  if (!isConnectionLost(error)) return error;
  const { code, message } = describe(error);
  const said = DRIVER_SAYS[code] ?? (message || 'no connection');
  return said.includes(server) ? error : Object.assign(new Error(`${said}, server ${server}`), { code });
}

/** Transactions that write to the log do not end, so no reader can tell which events are still to come. */
export function writersStay(waitedMs: number, count: number): OrchestratorError {
  return new OrchestratorError(
    'STORE_BUSY',
    `${count === 1 ? 'A transaction that writes' : `${count} transactions that write`} to the event log ` +
      `did not end within ${waitedMs} ms.`,
    { hint: 'Let the operator of the server end it: pg_locks shows which session has locked orchestrator.event_log.' },
  );
}

/** The connection went while COMMIT was on its way, and no further try could tell what had become of it. */
export function outcomeUnknown(cause: unknown): OrchestratorError {
  return new OrchestratorError('OUTCOME_UNKNOWN', undefined, { cause: harmless(cause) });
}

/**
 * The only place where errors of the driver become an `OrchestratorError`. Others, such as errors of a caller's
 * `decide`, pass unchanged. The fields of the driver's errors (parameters, the server's detail) may contain payloads,
 * so they are dropped.
 */
export function translateError(error: unknown): unknown {
  const { code, message } = describe(error);
  if (code === '') return error;
  const ours = isConnectionCode(code)
    ? 'STORE_UNREACHABLE'
    : (CODES.find(([prefix]) => code.startsWith(prefix))?.[1] ?? 'INTERNAL');
  return new OrchestratorError(ours, `${new OrchestratorError(ours).message} (${code}: ${message})`, {
    cause: harmless(error),
    ...(code === NOT_LET_IN && { hint: NOT_LET_IN_HINT }),
  });
}

function isConnectionCode(code: string): boolean {
  return CONNECTION_CODES.has(code);
}

/** The error with nothing on it but its code and message. */
function harmless(error: unknown): Error {
  const { code, message, constraint } = describe(error);
  return Object.assign(new Error(message), { code, ...(constraint !== '' && { constraint }) });
}

function describe(error: unknown): DriverError {
  if (error instanceof OrchestratorError || !(error instanceof Error) || !('code' in error)) {
    return { code: '', message: String(error), constraint: '', table: '' };
  }
  const { code, message, constraint_name: constraint, table_name: table } = error as Error & ServerError;
  return {
    code: String(code),
    message,
    constraint: constraint ?? '',
    table: table ?? '',
  };
}
