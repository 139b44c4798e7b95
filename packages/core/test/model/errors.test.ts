/*
 * Errors:
 *  - one that another copy of this module made is one of ours, and nothing else is
 */
import { expect, test, vi } from 'vitest';
import { OrchestratorError } from '../../src/index.ts';

test('one that another copy of this module made is one of ours', async () => {
  vi.resetModules();
  const copy = await import('../../src/model/errors.ts');
  const error: unknown = new copy.OrchestratorError('STORE_BUSY');

  expect(copy.OrchestratorError).not.toBe(OrchestratorError);
  expect(error).toBeInstanceOf(OrchestratorError);
});

test.for([new Error('STORE_BUSY'), { code: 'STORE_BUSY' }, null, undefined, 'STORE_BUSY'])('%j is not', (value) => {
  expect(value instanceof OrchestratorError).toBe(false);
});
