// What verify finds in the tables of dependencies after they were tampered with:
// - an end that a task has not been told of, and that is gone
// - an end that the log does not have
// - a dependency that is gone, one that no log has, and one of a task that has none
// - and nothing where a task was told, or was retried after it was cancelled with its dependency
import { Orchestrator, type OnDependencyFailure } from '@agent-orchestrator/core';
import { newCommandId, newSeed } from '@agent-orchestrator/runtime';
import { withoutSettling } from '@agent-orchestrator/storage-conformance';
import { createMemoryData, openMemoryStorage, type MemoryData } from '@agent-orchestrator/storage-memory';
import { expect, test } from 'vitest';

interface Given {
  readonly data: MemoryData;
  readonly orchestrator: Orchestrator;
}

/** `b` waits for `a`, and no process tells it of an end. */
async function waiting(onDependencyFailure: OnDependencyFailure = 'block'): Promise<Given> {
  const data = createMemoryData();
  const storage = withoutSettling(openMemoryStorage({ data }));
  const orchestrator = new Orchestrator({ storage, newCommandId, newSeed });
  await orchestrator.enqueueTasks([{ id: 'a' }, { id: 'b', dependsOn: ['a'], onDependencyFailure }, { id: 'c' }]);
  return { data, orchestrator };
}

async function end({ orchestrator }: Given, outcome: 'succeeded' | 'failed'): Promise<void> {
  const claimed = await orchestrator.claimTask({ agent: 'company-agent', sessionId: 'a' });
  if (!claimed.ok) throw new Error('nothing was claimed');
  const { token } = claimed.lease;
  await orchestrator.releaseTask({
    token,
    outcome,
    ...(outcome === 'failed' && { final: true, error: { message: 'no' } }),
  });
}

async function messages({ orchestrator }: Given): Promise<string[]> {
  const { ok, findings } = await orchestrator.verify();
  expect(ok).toBe(findings.length === 0);
  return findings.map(({ kind, sessionId, taskId, message }) => `${kind} ${sessionId} ${taskId}: ${message}`);
}

const UNTOLD = 'state b b: a has ended or is gone, and it will not be told.';

test.for([
  ['block', 'succeeded'],
  ['cancel', 'succeeded'],
  ['cancel', 'failed'],
  ['run', 'failed'],
] as const)('the end that a task has not been told of is gone: under %s, %s', async ([policy, outcome]) => {
  const given = await waiting(policy);
  await end(given, outcome);
  expect(given.data.dependencyEnds.size).toBe(1);
  expect(await messages(given)).toEqual([]);

  given.data.dependencyEnds.clear();

  expect(await messages(given)).toEqual([UNTOLD]);
});

test('a dependency that was retried before its end was told has its next end alone', async () => {
  const given = await waiting('run');
  await end(given, 'failed');
  await given.orchestrator.retryTask({ taskId: 'a' });
  expect(await messages(given)).toEqual([]);

  const { data } = given;
  await new Orchestrator({ storage: openMemoryStorage({ data }), newCommandId, newSeed }).staleRecovery();

  expect(data.dependencyEnds.size).toBe(0);
  expect(await messages(given)).toEqual([]);
});

test('a task that was cancelled with its dependency and retried waits without an end', async () => {
  const given = await waiting('cancel');
  await end(given, 'failed');
  const { orchestrator, data } = given;
  await new Orchestrator({ storage: openMemoryStorage({ data }), newCommandId, newSeed }).staleRecovery();
  expect(await orchestrator.getTask('b')).toMatchObject({ status: 'cancelled' });
  expect(await messages(given)).toEqual([]);

  await orchestrator.retryTask({ taskId: 'b' });

  expect(await orchestrator.getTask('b')).toMatchObject({ status: 'blocked' });
  expect(data.dependencyEnds.size).toBe(0);
  expect(await messages(given)).toEqual([]);
});

test('an end that the log does not have', async () => {
  const given = await waiting();
  const forged = { namespace: 'default', taskId: 'b', dependencyId: 'a', seq: 2, status: 'succeeded' } as const;
  given.data.dependencyEnds.set('forged', forged);

  expect(await messages(given)).toEqual([
    'state b b: the end of a (succeeded, event 2 of its session) is not in the log.',
  ]);
});

test('an end that belongs to no dependency, and the ones behind it as they are', async () => {
  const given = await waiting();
  await end(given, 'succeeded');
  const forged = { namespace: 'default', taskId: 'a', dependencyId: 'c', seq: 2, status: 'succeeded' } as const;
  given.data.dependencyEnds.set('forged', forged);

  expect(await messages(given)).toEqual([
    'state a a: the end of c (succeeded, event 2 of its session) belongs to no dependency.',
  ]);
});

test('a dependency that is gone', async () => {
  const given = await waiting();
  given.data.dependencies.clear();

  expect(await messages(given)).toEqual(['state b b: its dependency on a is in the log but not in the table.']);
});

test.for([
  ['b', 'its dependency on c is in the table but not in the log.'],
  ['a', 'it has dependencies in the table but not in the log.'],
] as const)('a dependency of %s that no log has', async ([taskId, message]) => {
  const given = await waiting();
  const forged = {
    namespace: 'default',
    taskId,
    dependencyId: 'c',
    onDependencyFailure: 'block',
    ended: null,
  } as const;
  given.data.dependencies.set('forged', forged);

  expect(await messages(given)).toEqual([`state ${taskId} ${taskId}: ${message}`]);
});
