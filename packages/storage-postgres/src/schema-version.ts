import { OrchestratorError } from '@agent-orchestrator/core';

/** How many migrations there are; `meta` counts those that were applied. */
export const SCHEMA_VERSION = 3;

export function newer(version: number): OrchestratorError {
  return new OrchestratorError(
    'STORE_NEWER',
    `The database has schema ${version}; this version knows ${SCHEMA_VERSION}.`,
  );
}

/** Refuses a database whose tables are not there, or are of another version. */
export function assertCurrent(version: number): void {
  if (version > SCHEMA_VERSION) throw newer(version);
  if (version === 0) throw notFound();
  if (version < SCHEMA_VERSION) throw older(version);
}

function older(version: number): OrchestratorError {
  return new OrchestratorError(
    'STORE_OLDER',
    `The database has schema ${version}; this version needs ${SCHEMA_VERSION}.`,
  );
}

export function notFound(): OrchestratorError {
  return new OrchestratorError('STORE_NOT_FOUND', 'The database has no orchestrator schema.');
}
