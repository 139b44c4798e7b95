/*
 * What telemetry is told of each command:
 *  - its name and namespace when it starts, and once how it ended
 *  - of a refusal the reason; of a release of lost leases none, since each item has its own
 *  - one word for how it ended, and how many of its parts ended alike
 *  - of a busy claim the session and its holder, and nothing that is secret
 *  - of an outage the error, and its code
 *  - when the storage let it decide for the first time, and how often it did
 *  - how many commands were decided in the same group
 *  - once that the orchestrator was closed
 */
import { newCommandId, newSeed } from '@agent-orchestrator/runtime';
import { openMemoryStorage } from '@agent-orchestrator/storage-memory';
import { expect, test } from 'vitest';
import {
  Orchestrator,
  OrchestratorError,
  type ClaimRecord,
  type CommandEnd,
  type Storage,
  type Telemetry,
} from '@agent-orchestrator/core';
import { KINDS, newPlace, opened } from './support/stores.ts';

const LOST = [1, 2].map(
  (fence) => ({ token: `${fence}-${'0123456789abcdef'.repeat(2)}`, outcome: 'released' }) as const,
);
const DECIDED = { groupSize: 1, decisions: 1 };

function listener() {
  const told: unknown[] = [];
  const telemetry: Telemetry = {
    started: (command, namespace) => ({ ended: (end) => void told.push([command, namespace, end]) }),
    closed: () => void told.push('closed'),
  };
  return { told, telemetry };
}

function observed(storage: Storage) {
  const { told, telemetry } = listener();
  return { told, orchestrator: new Orchestrator({ storage, newCommandId, newSeed, telemetry }) };
}

test('telemetry is told how each command ended, why one was refused, and of the close', async () => {
  const { told, orchestrator } = observed(openMemoryStorage());

  await orchestrator.enqueueTask({ namespace: 'mine' });
  await orchestrator.claimTask({ agent: 'a' });
  await orchestrator.releaseTasks(LOST);
  await orchestrator[Symbol.asyncDispose]();

  expect(told).toEqual([
    ['enqueue', 'mine', { ok: true, outcome: 'ok', parts: { ok: 1 }, ...DECIDED }],
    ['claim', 'default', { ok: false, reason: 'no_task', outcome: 'no_task', parts: { no_task: 1 }, ...DECIDED }],
    ['release', 'default', { ok: false, outcome: 'lease_lost', parts: { lease_lost: 2 }, ...DECIDED }],
    'closed',
  ]);
});

test('a batch ends by parts: duplicates, and leases that were lost', async () => {
  const { told, orchestrator } = observed(openMemoryStorage());
  const ends = () => told.splice(0).map((one) => (one as [string, string, CommandEnd])[2]);

  await orchestrator.enqueueTasks([{ dedupeKey: 'a' }, { dedupeKey: 'a' }, {}]);
  await orchestrator.enqueueTask({ dedupeKey: 'a' });
  const { lease } = (await orchestrator.claimTask({ agent: 'a' })) as { ok: true } & ClaimRecord;
  await orchestrator.releaseTasks([{ token: lease.token, outcome: 'succeeded' }, ...LOST]);

  expect(ends().map(({ outcome, parts }) => [outcome, parts])).toEqual([
    ['ok', { ok: 2, duplicate: 1 }],
    ['duplicate', { duplicate: 1 }],
    ['ok', { ok: 1 }],
    ['ok', { ok: 1, lease_lost: 2 }],
  ]);
});

test('of a busy claim telemetry is told the session and its holder', async () => {
  const { told, orchestrator } = observed(openMemoryStorage());
  await orchestrator.enqueueTask({ sessionId: 's' });
  await orchestrator.claimTask({ agent: 'a', instance: 'first', sessionId: 's' });
  const [, , granted] = told.at(-1) as [string, string, CommandEnd];
  await orchestrator.claimTask({ agent: 'b', sessionId: 's' });
  const [, , refused] = told.at(-1) as [string, string, CommandEnd];

  expect(granted).toEqual({ ok: true, outcome: 'ok', parts: { ok: 1 }, ...DECIDED });
  expect(refused).toMatchObject({
    outcome: 'busy',
    busyWith: { sessionId: 's', heldBy: { agent: 'a', instance: 'first' } },
  });
});

test.each([
  [new Error('the store is gone'), 'INTERNAL'],
  [new OrchestratorError('STORE_BUSY'), 'STORE_BUSY'],
])('telemetry is told of an outage: %s', async (error, outcome) => {
  const broken = async () => {
    throw error;
  };
  const { told, orchestrator } = observed({ ...openMemoryStorage(), transact: broken });

  await expect(orchestrator.claimTask({ agent: 'a' })).rejects.toBe(error);

  const undecided = { groupSize: 0, decisions: 0 };
  expect(told).toEqual([['claim', 'default', { ok: false, error, outcome, parts: { [outcome]: 1 }, ...undecided }]]);
});

test('telemetry is told when the storage let a command decide for the first time, and how often it did', async () => {
  const storage = openMemoryStorage();
  const told: unknown[] = [];
  const orchestrator = new Orchestrator({
    storage: {
      ...storage,
      async transact(scope, decide) {
        told.push('asked');
        await storage.transact(scope, (loaded) => ({ ...decide(loaded), sessions: [], tasks: [], events: [] }));
        return storage.transact(scope, decide);
      },
    },
    newCommandId,
    newSeed,
    telemetry: {
      started: () => ({ decided: () => told.push('decided'), ended: ({ decisions }) => told.push(decisions) }),
    },
  });

  await orchestrator.claimTask({ agent: 'a' });

  expect(told).toEqual(['asked', 'decided', 2]);
});

test.each(KINDS)('on %s telemetry is told how many commands were decided in the same group', async (kind) => {
  const { told, telemetry } = listener();
  const orchestrator = await opened(await newPlace(kind), { telemetry });
  const sizes = () => told.splice(0).map((one) => (one as [string, string, CommandEnd])[2].groupSize);

  await orchestrator.enqueueTask({});
  expect(sizes()).toEqual([1]);
  await Promise.all(Array.from({ length: 7 }, () => orchestrator.enqueueTask({})));

  expect(sizes()).toEqual(Array.from({ length: 7 }, () => 7));
});
