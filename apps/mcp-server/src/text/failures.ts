import { mayHaveRun, OrchestratorError } from '@agent-orchestrator/runtime';
import { snakeCase } from '@agent-orchestrator/runtime/wire-json';
import { withoutPasswords } from '@agent-orchestrator/runtime/without-passwords';
import { refused, type Answer } from './answer.ts';

/**
 * Anything that was thrown, in one line. A store that is busy or broken never looks like a store without work: the line
 * says so, because a model would otherwise stop or look for other work.
 */
export function failureAnswer(error: unknown): Answer {
  const cannotWrite = FILE_ERRORS.find((one) => one === (error as { code?: unknown } | null)?.code);
  if (cannotWrite !== undefined)
    return refused(
      `The files of this host cannot be written (${cannotWrite}), so it can hold no more tasks. ` +
        'It says nothing about open work. Next: tell your person to make room for them.',
    );
  if (!(error instanceof OrchestratorError))
    return refused('Error [INTERNAL]: this call failed. Next: tell your person; the log of this server has details.');
  const { code, message, hint, retryable, field } = error;
  const what = `[${code}] ${inToolWords(message, field)}`;
  if (mayHaveRun(error))
    return refused(`The store failed ${what} It may have taken effect. Next: task_status, before you call again.`);
  if (retryable)
    return refused(
      `The store did not answer ${what} Nothing was changed, and it says nothing about open work. ` +
        'Next: make the same call again in a minute.',
    );
  if (isAboutTheStore(code))
    return refused(
      `The store cannot be used ${what} It says nothing about open work. Next: tell your person: ${oneLine(hint)}`,
    );
  return refused(`Refused ${what} Nothing was changed. Next: correct the call.`);
}

/** What the system says where the private files of a host cannot be written. Stores have errors of their own. */
const FILE_ERRORS = ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EIO'] as const;

function isAboutTheStore(code: string): boolean {
  return code.startsWith('STORE_') || code.startsWith('STORAGE_') || code === 'CONFIG_INVALID' || code === 'INTERNAL';
}

/** What the API calls otherwise than the tools do. Other fields are written with underscores. */
const TOOL_FIELDS: readonly (readonly [RegExp, string])[] = [
  [/^(?:tasks|items)\[0\]\.?/u, ''],
  [/^(?:ask\.)?to\.role\b/u, 'to_role'],
  [/^(?:ask\.)?to(?:\.agent)?(?= )/u, 'to'],
  [/^ask(?:\.question)?(?= )/u, 'question'],
  [/^error\.message\b/u, 'error'],
  [/^kinds(?:\[0\])?(?= )/u, 'kind'],
  [/^sessionId\b/u, 'session'],
  [/^taskId\b/u, 'task'],
  [/^delayMs\b/u, 'delay'],
  [/^review\.role\b/u, 'review_role'],
];

/** A message begins with its field, or is a sentence. The model knows the fields of the tools alone. */
function inToolWords(message: string, field: string | undefined): string {
  const named = TOOL_FIELDS.reduce((text, [pattern, name]) => text.replace(pattern, name), oneLine(message));
  if (field === undefined) return named;
  return named.replace(/^[a-z][A-Za-z_]*/u, (word) => snakeCase(word));
}

/** Of a mistyped address, too, the password is not repeated. */
function oneLine(text: string): string {
  return withoutPasswords(text.replaceAll(/\s+/gu, ' ').trim());
}
