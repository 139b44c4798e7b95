import { inspect } from 'node:util';
import { OrchestratorError } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { openPostgresStorage } from '../src/index.ts';

/** What opening a URL throws, which must not hold the password. */
export async function refusalOf(url: string, password: string): Promise<OrchestratorError> {
  return thrownBy(openPostgresStorage({ url }), password);
}

/** What a call throws, which must not hold the password. */
export async function thrownBy(promise: Promise<unknown>, password: string): Promise<OrchestratorError> {
  const error: unknown = await promise.then(
    () => new Error('nothing was thrown'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof OrchestratorError)) throw error;
  expect(inspect(error, { depth: 10, showHidden: true }), 'the error does not hold the password').not.toContain(
    password,
  );
  return error;
}
