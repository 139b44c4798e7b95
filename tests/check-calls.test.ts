/*
 * A call is checked without a store as it is checked when it is sent:
 *  - whatever a method takes, the check of its name takes, whether or not there is what the call names
 *  - whatever a method refuses as malformed, the check refuses, with the same code, field and message
 *  - the schemas of declared kinds are part of it, whether they answer at once or later
 *  - a name that is no call is refused with the names that are
 *  - a check saves nothing and asks the store nothing
 */
import { newCommandId, newSeed } from '@agent-orchestrator/runtime';
import { openMemoryStorage } from '@agent-orchestrator/storage-memory';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { checkCall, Orchestrator, OrchestratorError, type CallName, type Storage } from '@agent-orchestrator/core';

const kinds = {
  task: {},
  'hash-file': {
    payload: z.object({ path: z.string() }),
    result: z.object({ hash: z.string() }),
  },
  later: { payload: z.string().refine((text) => Promise.resolve(text === 'fits'), 'does not fit') },
};

type Call = Readonly<Record<string, unknown>>;

const SOUND_PAYLOAD = { kind: 'hash-file', payload: { path: 'a.ts' } };
const token = `7-${'0123456789abcdef'.repeat(2)}`;
const other = token.replace('7-', '8-');
const ended = { token, outcome: 'succeeded' };
const hashed = { ...ended, kind: 'hash-file', result: { hash: 'ab' } };
const claimNext = { agent: 'company-agent' };
const commandId = newCommandId();
const MANY = 1_001;

/** Of each call: some that its method takes, and some that it refuses. The store has the session `s2` with `t1`. */
const CALLS: Readonly<Record<CallName, { readonly taken: readonly Call[]; readonly refused: readonly unknown[] }>> = {
  enqueueTask: {
    taken: [
      {},
      { namespace: undefined, title: undefined },
      { sessionId: 's2' },
      { sessionId: 't1' },
      SOUND_PAYLOAD,
      { kind: 'later', payload: 'fits' },
    ],
    refused: [
      null,
      { id: 't42' },
      { priority: -1 },
      { namespace: 'a:b' },
      { namespace: 7, sessionId: 's2' },
      { tasks: [] },
      { seed: newSeed() },
      { kind: 'unknown' },
      { kind: 'hash-file', payload: { path: 7 } },
      { kind: 'later', payload: 'no' },
    ],
  },
  enqueueTasks: {
    taken: [{ tasks: [{}, { sessionId: 's2' }, { sessionId: 't1' }] }, { tasks: [SOUND_PAYLOAD], namespace: 'mine' }],
    refused: [
      { tasks: [] },
      { tasks: {} },
      { tasks: [{ sessionId: 's2' }, null] },
      { tasks: [{}, { priority: -1 }] },
      { tasks: [{}], commandId: 'again' },
      { tasks: Array.from({ length: MANY }, () => ({})) },
      { tasks: [SOUND_PAYLOAD, { kind: 'hash-file', payload: {} }, { kind: 'unknown' }] },
    ],
  },
  claimTask: {
    taken: [{ agent: 'a' }, { agent: 'a', sessionId: 's2' }, { agent: 'a', sessionId: 't9' }],
    refused: [
      null,
      {},
      { agent: 'a b' },
      { agent: 'a', sessionId: '' },
      { agent: 'a', seed: '5eed' },
      { agent: 'a', commandId },
    ],
  },
  claimTasks: {
    taken: [
      { agent: 'a', limit: 2 },
      { agent: 'a', commandId, seed: newSeed() },
      { agent: 'a', sessionId: 's2' },
    ],
    refused: [
      { agent: 'a', limit: 0 },
      { agent: 'a', limit: MANY },
      { agent: 'a', task: 't1' },
    ],
  },
  heartbeat: {
    taken: [{ token }, { token, namespace: undefined }],
    refused: [null, {}, { token: '7' }, { token, commandId: newCommandId() }],
  },
  checkpoint: {
    taken: [{ token }, { token, turn: 3, data: [1] }],
    refused: [null, { token, turn: -1 }, { token, sessionId: 's2' }],
  },
  releaseTask: {
    taken: [
      ended,
      hashed,
      { ...hashed, outcome: 'released', result: undefined },
      { ...ended, claimNext },
      { ...ended, commandId },
    ],
    refused: [
      null,
      { token, outcome: 'done' },
      { ...ended, items: [] },
      { ...ended, claimNext: {} },
      { ...ended, claimNext, commandId },
      { ...hashed, result: { hash: 7 } },
      { ...ended, kind: 'unknown' },
    ],
  },
  releaseTasks: {
    taken: [{ items: [ended] }, { items: [hashed, { ...ended, token: other }] }, { items: [ended], claimNext }],
    refused: [
      { items: [] },
      { items: {} },
      { items: [ended, null] },
      { items: [ended, ended] },
      { items: [ended], claimNext: {} },
      { items: [ended], claimNext, commandId },
      { items: [ended], kind: 'hash-file' },
      { items: Array.from({ length: MANY }, () => ended) },
      { items: [hashed, { ...hashed, token: other, result: {} }] },
    ],
  },
  staleRecovery: { taken: [{}, { limit: 3 }], refused: [null, { limit: 0 }, { evidence: [{ sessionId: 's2' }] }] },
  cancelTask: {
    taken: [{ taskId: 't1' }, { taskId: 't9' }, { taskId: 'any' }],
    refused: [null, {}, { taskId: '' }, { taskId: 't1', namespace: 7 }],
  },
  retryTask: { taken: [{ taskId: 't1' }, { taskId: 's2' }], refused: [{}, { taskId: ' ' }] },
  answerTask: {
    taken: [
      { taskId: 't1', answer: 'yes' },
      { taskId: 'any', answer: 'yes', agent: 'a', askedAt: 7 },
    ],
    refused: [null, {}, { taskId: 't1' }, { taskId: 't1', answer: '' }, { taskId: 't1', answer: 'yes', askedAt: -1 }],
  },
  registerAgent: {
    taken: [{ agent: 'a' }, { agent: 'a', roles: ['b', 'b'], machine: null, human: true }],
    refused: [null, {}, { agent: 'a b' }, { agent: 'a', roles: ['b c'] }, { agent: 'a', human: 1 }],
  },
  drainAgent: { taken: [{ agent: 'a' }], refused: [null, {}, { agent: '*' }, { agent: 'a', roles: [] }] },
  retireAgent: { taken: [{ agent: 'a' }], refused: [null, {}, { agent: '' }] },
  setAgentKey: {
    taken: [
      { agent: 'a', publicKey: 'A'.repeat(43) },
      { agent: 'a', publicKey: null },
    ],
    refused: [null, {}, { agent: 'a' }, { agent: 'a', publicKey: 'A' }, { agent: '*', publicKey: null }],
  },
  setAgentPolicy: {
    taken: [{ agents: 'any' }, { agents: 'registered_only', signedRoles: ['a'] }, { signedRoles: [] }],
    refused: [null, {}, { agents: 'b' }, { signedRoles: ['a b'] }],
  },
  closeSession: {
    taken: [{ sessionId: 's2' }, { sessionId: 't1', cancelTasks: true }],
    refused: [null, {}, { sessionId: 's2', cancelTasks: 1 }],
  },
};

describe.for(Object.keys(CALLS) as CallName[])('%s', (name) => {
  test.for([...CALLS[name].taken.entries()])('takes call %i, and so does its check', async ([, call]) => {
    const orchestrator = await open();

    expect(await refusalOf(() => orchestrator.check(name, call))).toBeNull();
    expect(await refusalOf(() => send(orchestrator, name, call))).toBeNull();
  });

  test.for([...CALLS[name].refused.entries()])('refuses call %i, and so does its check', async ([, call]) => {
    const orchestrator = await open();

    const refused = await refusalOf(() => send(orchestrator, name, call as Call));

    expect(refused).toMatchObject({ field: expect.any(String) });
    expect(await refusalOf(() => orchestrator.check(name, call as Call))).toEqual(refused);
  });
});

test.for(Object.entries(CALLS))('what %s takes is taken without kinds, too', ([name, { taken }]) => {
  for (const call of taken) expect(() => checkCall(name as CallName, call)).not.toThrow();
});

test('a name that is no call is refused with the names that are', async () => {
  const orchestrator = await open();
  const refused = await refusalOf(() => orchestrator.check('nope' as CallName, {}));

  expect(refused).toMatchObject({ code: 'INVALID_INPUT', field: 'name' });
  for (const name of Object.keys(CALLS)) expect(refused?.message).toContain(name);
  expect(await refusalOf(() => orchestrator.check('toString' as CallName, {}))).toMatchObject({ field: 'name' });
});

test('a check asks the store nothing', async () => {
  const storage = new Proxy({} as Storage, {
    get: (_target, property) => {
      throw new Error(`the store was asked for ${String(property)}`);
    },
  });

  const checked = async () => {
    const orchestrator = new Orchestrator({ storage, newCommandId, newSeed, kinds });
    for (const [name, { taken }] of Object.entries(CALLS))
      for (const call of taken) await orchestrator.check(name as CallName, call);
  };

  await expect(checked()).resolves.toBeUndefined();
});

async function open(): Promise<Orchestrator<typeof kinds>> {
  const orchestrator = new Orchestrator({ storage: openMemoryStorage(), newCommandId, newSeed, kinds });
  await orchestrator.enqueueTask({ kind: 'task', sessionId: 'line' });
  return orchestrator;
}

type Method = (...args: readonly unknown[]) => Promise<unknown>;

/** A method with two arguments has them in a check as one. */
function send(orchestrator: Orchestrator<typeof kinds>, name: CallName, call: Call): Promise<unknown> {
  const method = orchestrator[name].bind(orchestrator) as Method;
  if (name !== 'enqueueTasks' && name !== 'releaseTasks') return method(call);
  const { tasks, items, ...batch } = call;
  return method(name === 'enqueueTasks' ? tasks : items, batch);
}

/** null: it was taken, whatever the answer is. */
async function refusalOf(
  call: () => Promise<unknown>,
): Promise<{ code: string; field: unknown; message: string } | null> {
  try {
    await call();
    return null;
  } catch (error) {
    if (!(error instanceof OrchestratorError)) throw error;
    const { code, field, message } = error;
    return { code, field, message };
  }
}
