import { OrchestratorError } from '@agent-orchestrator/core';

/** How many migrations there are; `meta` counts those that a database has seen. */
export const SCHEMA_VERSION = 3;

export function newer(version: number): OrchestratorError {
  return new OrchestratorError(
    'STORE_NEWER',
    `The database has schema ${version}; this version knows ${SCHEMA_VERSION}.`,
  );
}

export function older(version: number): OrchestratorError {
  return new OrchestratorError(
    'STORE_OLDER',
    `The database has schema ${version}; this version needs ${SCHEMA_VERSION}.`,
  );
}

export function notFound(): OrchestratorError {
  return new OrchestratorError('STORE_NOT_FOUND', 'The database has no orchestrator schema.');
}
