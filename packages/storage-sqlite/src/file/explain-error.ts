import { OrchestratorError } from '@agent-orchestrator/core';
import { isDeniedByPlace, translateError } from '../errors.ts';
import { mountOf, readMountTable } from './file-system.ts';

/**
 * As `translateError`, for what was done to the file at a path. SQLite says only that it cannot open or write a file; a
 * place that is mounted read-only is told from one where this user lacks the rights.
 */
export function explainError(error: unknown, path: string): unknown {
  const isDenied = isDeniedByPlace(error) || (error instanceof OrchestratorError && isDeniedByPlace(error.cause));
  const mount = isDenied ? mountOf(readMountTable(), path) : null;
  if (mount?.readOnly !== true) return translateError(error);
  return new OrchestratorError(
    'STORE_READ_ONLY',
    `${path} lies below ${mount.point}, which is mounted read-only. SQLite writes beside a store even to read it.`,
    {
      hint: 'Mount the place with the right to write, or copy the files of the store to another folder.',
      cause: error,
    },
  );
}
