/*
 * Loops that no person looks after:
 *  - passing trouble is told, and the loop continues
 *  - what will not pass by itself ends it
 *  - an interruption ends it, also while it pauses
 */
import { OrchestratorError } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import type { Failure } from '../src/failure.ts';
import { keepTrying } from '../src/keep-trying.ts';

test('passing trouble is told, and the loop continues', async () => {
  const { told, output } = listener();
  const end = new AbortController();
  const turns = [busy, busy, () => {}, busy, () => end.abort()];

  await keepTrying(output, end.signal, async () => turns.shift()?.(), 1);

  expect(turns).toEqual([]);
  expect(told).toEqual(['STORE_BUSY', 'STORE_BUSY', 'STORE_BUSY']);
});

test('what will not pass by itself ends it', async () => {
  const { told, output } = listener();

  await expect(keepTrying(output, new AbortController().signal, corrupt, 1)).rejects.toMatchObject({
    code: 'STORE_CORRUPT',
    exit: 74,
  });
  expect(told).toEqual([]);
});

test('an interruption ends it, also while it pauses', { timeout: 5_000 }, async () => {
  const end = new AbortController();
  const { told, output } = listener(() => setImmediate(() => end.abort()));

  await keepTrying(output, end.signal, async () => busy(), 60_000);

  expect(told).toEqual(['STORE_BUSY']);
});

function busy(): never {
  throw new OrchestratorError('STORE_BUSY');
}

async function corrupt(): Promise<never> {
  throw new OrchestratorError('STORE_CORRUPT');
}

function listener(onFailure: () => void = () => {}) {
  const told: string[] = [];
  const failure = ({ code }: Failure) => {
    told.push(code);
    onFailure();
  };
  return { told, output: { failure } };
}
