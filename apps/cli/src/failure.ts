import type { OrchestratorError } from '@agent-orchestrator/core';
import { withoutPasswords } from '@agent-orchestrator/runtime/without-passwords';
import { EXIT_OF, type ExitCode, type FailureCode } from './exit-codes.ts';

interface FailureDetails {
  /** What to do next. Never a destructive command that is ready to copy. */
  readonly hint?: string | undefined;
  readonly retryable?: boolean;
  readonly retryAfterMs?: number | undefined;
  /** The input field at fault. */
  readonly field?: string | undefined;
  /** Further data of the API: the holder, the event that ended the lease. */
  readonly details?: object | undefined;
  readonly exit?: ExitCode;
  readonly cause?: unknown;
}

/** Why a command failed: a refusal of the orchestrator, or an error. It decides the exit code. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: FailureCode;
  readonly exit: ExitCode;
  readonly hint: string | undefined;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly field: string | undefined;
  readonly details: object | undefined;

  constructor(code: FailureCode, message: string, details: FailureDetails = {}) {
    const shown = { isUsage: code === 'USAGE' };
    super(withoutPasswords(message, shown), { cause: details.cause });
    this.code = code;
    this.exit = details.exit ?? EXIT_OF[code];
    this.hint = details.hint === undefined ? undefined : withoutPasswords(details.hint, shown);
    this.retryable = details.retryable ?? false;
    this.retryAfterMs = details.retryAfterMs;
    this.field = details.field;
    this.details = details.details;
  }

  /** The same failure with another hint. */
  withHint(hint: string): Failure {
    const { code, message, exit, retryable, retryAfterMs, field, details, cause } = this;
    return new Failure(code, message, { hint, exit, retryable, retryAfterMs, field, details, cause });
  }
}

export function usage(message: string, hint?: string, field?: string): Failure {
  return new Failure('USAGE', message, { hint, field });
}

/** Content that was read, but is invalid. */
export function badContent(field: string, problem: string, cause?: unknown): Failure {
  return new Failure('CONTENT', `${field} ${problem}.`, {
    field: field.replace(/^--/, ''),
    hint: 'Correct the content and try again; nothing was changed.',
    cause,
  });
}

/** Input fields with content, as opposed to words of the command line. */
const CONTENT = /^(payload|result|data|progress)\b/;

/** Anything that was thrown, as a failure. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (isOrchestratorError(error)) return fromOrchestrator(error);
  const message = error instanceof Error ? error.message : String(error);
  return new Failure('INTERNAL', `Internal error: ${message}`, {
    hint: 'Run `orchestrator verify` and report what it prints.',
    cause: error,
  });
}

function fromOrchestrator(error: OrchestratorError): Failure {
  const { code, hint, retryable, cause } = error;
  // A single task is sent as a batch of one.
  const field = error.field?.replace(/^tasks\[0\]\.?/, '');
  const message = error.message.replace(/^tasks\[0\]\.?/, '');
  const isContent = field !== undefined && CONTENT.test(field);
  const isFlag = field !== undefined && !isContent && code !== 'CONFIG_INVALID';
  const named = !isFlag ? message : `${message} (${flagOf(field)})`;
  return new Failure(code, named, { hint, retryable, field, cause, ...(isContent && { exit: 65 }) });
}

/** The flag that sets a field of the API: `ttlMs` is `--ttl`, and so is `claimNext.ttlMs`. */
export function flagOf(field: string): string {
  const path = field.replace(/^claimNext\./, '');
  const [name = ''] = path.split(/[.[]/);
  const special: Record<string, string> = {
    title: 'TITLE',
    file: 'FILE',
    kinds: '--kind',
    roles: '--role',
    types: '--type',
    taskId: 'TASK',
    answer: 'TEXT',
    'ask.question': '--ask',
    'ask.to': '--to',
    'dedupe.key': '--dedupe-key',
    'dedupe.while': '--dedupe-while',
    commandId: '--command-id',
    seed: 'ORCHESTRATOR_SEED',
    signature: '--outcome',
    id: 'ID',
    'error.code': '--error-code',
    'from.eventId': 'TIME',
  };
  return (
    special[path] ??
    special[name] ??
    `--${name.replace(/(Ms|Id)$/, '').replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  );
}

/** Compares the name, not the class: loading the class would load the whole runtime. */
export function isOrchestratorError(error: unknown): error is OrchestratorError {
  return error instanceof Error && error.name === 'OrchestratorError';
}
