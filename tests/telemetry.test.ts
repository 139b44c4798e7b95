/*
 * What telemetry is told of each command:
 *  - its name and namespace when it starts, and once how it ended
 *  - of a refusal the reason; of a release of lost leases none, since each item has its own
 *  - of an outage the error
 */
import { newCommandId, newSeed } from '@agent-orchestrator/runtime';
import { openMemoryStorage } from '@agent-orchestrator/storage-memory';
import { expect, test } from 'vitest';
import { Orchestrator, type Storage } from '@agent-orchestrator/core';

const LOST = { token: `7-${'0123456789abcdef'.repeat(2)}`, outcome: 'released' } as const;

function observed(storage: Storage) {
  const told: unknown[] = [];
  const telemetry = {
    started: (command: string, namespace: string) => (end: object) => void told.push([command, namespace, end]),
  };
  return { told, orchestrator: new Orchestrator({ storage, newCommandId, newSeed, telemetry }) };
}

test('telemetry is told how each command ended, and why one was refused', async () => {
  const { told, orchestrator } = observed(openMemoryStorage());

  await orchestrator.enqueueTask({ namespace: 'mine' });
  await orchestrator.claimTask({ agent: 'a' });
  await orchestrator.releaseTasks([LOST]);

  expect(told).toEqual([
    ['enqueue', 'mine', { ok: true }],
    ['claim', 'default', { ok: false, reason: 'no_task' }],
    ['release', 'default', { ok: false }],
  ]);
});

test('telemetry is told of an outage', async () => {
  const error = new Error('the store is gone');
  const { told, orchestrator } = observed({ ...openMemoryStorage(), transact: () => Promise.reject(error) });

  await expect(orchestrator.claimTask({ agent: 'a' })).rejects.toBe(error);

  expect(told).toEqual([['claim', 'default', { ok: false, error }]]);
});
