// What `claimTask` and `claimTasks` do:
// - a claim takes the lock of a session and starts its head, under a lease with a fence and a secret token
// - without a session it takes the best head: by priority, then age, then id
// - a claim of several takes each from another session
// - it takes heads for any agent, for this agent and for its roles, and only of the kinds that it asks for
// - a head that does not fit blocks its session
// - with a session it takes that session alone, or says that there is none, or what is in the way
// - when nothing fits it says when the next task is due
// - a scheduled task can be claimed from its time on
// - fences grow, are never given twice, and continue beyond those that a restored store may have granted
// - the token is made of the seed and the fence; the log keeps only its hash
// - the claim hands over the context and records the claimant's process
// - sent again with the same seed it answers the same lease, also for a restarted process
// What it refuses as malformed stands in claim-input.test.ts.
import { expect, test } from 'vitest';
import { claim, enqueue } from '../../src/commands/index.ts';
import { fencesBeyond } from '../../src/model/clock.ts';
import { sha256 } from '../../src/model/sha256.ts';
import {
  AGENT,
  checkpointed,
  claimed,
  FENCE_NOW,
  givenBack,
  NOW,
  OTHER_AGENT,
  opened,
  PROCESS,
  queued,
  SEED,
  sessionClosed,
  STALE_AFTER_MS,
  succeeded,
  tokenOf,
  TTL_MS,
  type LeaseSaid,
} from '../support/events.ts';
import { commandIdAt, given, inputOf, refusal } from '../support/given.ts';

/** A claim by the first agent, of the lease that the tests reckon with. */
const CLAIM = { agent: AGENT, ttlMs: TTL_MS, staleAfterMs: STALE_AFTER_MS };

const NO_TASK = { ok: false, reason: 'no_task', nextDueAt: null };

/** What a claim answers of one head. */
function claimOf(taskId: string, { sessionId = 's', at = NOW, fence = at * 1_000, ...lease }: LeaseSaid = {}) {
  return {
    task: expect.objectContaining({ id: taskId, sessionId, status: 'running', startedAt: at }) as object,
    lease: {
      sessionId,
      agent: lease.agent ?? AGENT,
      instance: lease.instance ?? null,
      fence,
      token: tokenOf(fence),
      expiresAt: at + (lease.ttlMs ?? TTL_MS),
      ttlMs: lease.ttlMs ?? TTL_MS,
      staleAfterMs: lease.staleAfterMs ?? STALE_AFTER_MS,
    },
    context: null,
    takeover: null,
  };
}

/** Sessions `s1`, `s2` … with one task each. */
function oneTaskEach(...tasks: readonly { id: string; [said: string]: unknown }[]) {
  return tasks.flatMap(({ id, ...said }, at) => [
    opened(`s${at + 1}`, at + 1),
    queued(id, { sessionId: `s${at + 1}`, number: at + 1, ...said }),
  ]);
}

test('a claim takes the lock of a session and starts its head', () => {
  const store = given(opened(), queued('a'))
    .when(claim, CLAIM)
    .then([claimed('a', { fence: FENCE_NOW })], { ok: true, claims: [claimOf('a')] });

  expect(store.session('s')).toMatchObject({ status: 'running', agent: AGENT, fence: FENCE_NOW, taskId: 'a' });
  expect(store.task('a')).toMatchObject({ status: 'running', attempt: 1 });
});

test('unless it says otherwise, the lease lasts two minutes and is stale after one of silence', () => {
  const lease = { fence: FENCE_NOW, ttlMs: 120_000, staleAfterMs: 60_000 };

  given(opened(), queued('a'))
    .when(claim, { agent: AGENT })
    .then([claimed('a', lease)], { ok: true, claims: [claimOf('a', lease)] });
});

test.each([
  ['the smallest priority first', { priority: 2, at: NOW - 9 }, { priority: 1 }],
  ['of one priority the oldest first', { at: NOW - 1 }, { at: NOW - 2 }],
  ['of one age the smallest id first', {}, {}],
])('the best head is taken: %s', (_what, worse, better) => {
  const { reply } = given(...oneTaskEach({ id: 'b', ...worse }, { id: 'a', ...better })).when(claim, CLAIM);

  expect(reply).toMatchObject({ claims: [{ task: { id: 'a' } }] });
});

test('the head of a session is its best task', () => {
  const tasks = [queued('a'), queued('b', { number: 2, priority: 1 }), queued('c', { number: 3, priority: 2 })];

  given(opened(), ...tasks)
    .when(claim, CLAIM)
    .then([claimed('b', { fence: FENCE_NOW })]);
});

test('several heads are taken at once, the best first, each under a lease of its own', () => {
  const store = given(...oneTaskEach({ id: 'c', priority: 7 }, { id: 'a' }, { id: 'b' }));

  store
    .when(claim, { ...CLAIM, limit: 2 })
    .then(
      [claimed('a', { sessionId: 's2', fence: FENCE_NOW }), claimed('b', { sessionId: 's3', fence: FENCE_NOW + 1 })],
      {
        ok: true,
        claims: [claimOf('a', { sessionId: 's2' }), claimOf('b', { sessionId: 's3', fence: FENCE_NOW + 1 })],
      },
    );
});

test('several heads are never of one session', () => {
  given(opened(), queued('a'), queued('b', { number: 2 }))
    .when(claim, { ...CLAIM, limit: 2 })
    .then([claimed('a', { fence: FENCE_NOW })]);
});

test.each([
  ['for any agent', {}, {}],
  ['for this agent', { assignee: AGENT }, {}],
  ['for one of its roles', { role: 'tester' }, { roles: ['writer', 'tester'] }],
  ['of a kind that it asks for', { kind: 'build' }, { kinds: ['deploy', 'build'] }],
])('a head %s is taken', (_what, task, call) => {
  given(opened(), queued('a', task))
    .when(claim, { ...CLAIM, ...call })
    .then([claimed('a', { fence: FENCE_NOW })]);
});

test.each([
  ['for another agent', { assignee: OTHER_AGENT }, {}],
  ['for another role', { role: 'tester' }, { roles: ['writer'] }],
  ['for a role that has the name of the agent', { role: AGENT }, {}],
  ['of a kind that it does not ask for', { kind: 'build' }, { kinds: ['deploy'] }],
])('a head %s is not taken, and blocks its session', (_what, task, call) => {
  const store = given(opened(), queued('a', { ...task, priority: 1 }), queued('b', { number: 2, kind: 'deploy' }));

  store.when(claim, { ...CLAIM, ...call }).then([], NO_TASK);
  store.when(claim, { ...CLAIM, ...call, sessionId: 's' }).then([], NO_TASK);
});

test('with a session, that session alone is taken', () => {
  given(...oneTaskEach({ id: 'a', priority: 1 }, { id: 'b' }))
    .when(claim, { ...CLAIM, sessionId: 's2' })
    .then([claimed('b', { sessionId: 's2', fence: FENCE_NOW })], {
      ok: true,
      claims: [claimOf('b', { sessionId: 's2' })],
    });
});

test('a session that does not exist is not found', () => {
  given(opened(), queued('a'))
    .when(claim, { ...CLAIM, sessionId: 'other' })
    .then([], { ok: false, reason: 'not_found' });
});

test.each([
  ['idle and empty', [opened()]],
  ['closed', [opened(), sessionClosed('s', 'requested')]],
])('a session that is %s has no task', (_what, events) => {
  given(...events)
    .when(claim, { ...CLAIM, sessionId: 's' })
    .then([], NO_TASK);
});

test('a session that another agent holds is busy', () => {
  const store = given(opened(), queued('a'), queued('b', { number: 2 }), claimed('a', { instance: 'run-1' }));

  store.when(claim, { ...CLAIM, agent: OTHER_AGENT, sessionId: 's' }).then([], {
    ok: false,
    reason: 'busy',
    why: 'held',
    sessionId: 's',
    heldBy: { agent: AGENT, instance: 'run-1' },
    until: NOW + TTL_MS,
  });
});

test('a session that the agent itself holds is busy as well', () => {
  const { reply } = given(opened(), queued('a'), claimed('a')).when(claim, { ...CLAIM, sessionId: 's' });

  expect(reply).toMatchObject({ reason: 'busy', why: 'held' });
});

test('without a session, held ones are passed over', () => {
  given(opened(), queued('a'), queued('b', { number: 2 }), claimed('a'))
    .when(claim, CLAIM)
    .then([], NO_TASK);
});

test('when nothing fits, the answer says when the next task is due', () => {
  const later = [queued('a', { run_at: NOW + 9 }), queued('b', { number: 2, run_at: NOW + 5 })];
  const store = given(opened(), ...later);

  store.when(claim, CLAIM).then([], { ok: false, reason: 'no_task', nextDueAt: NOW + 5 });
  store.when(claim, { ...CLAIM, sessionId: 's' }).then([], { ok: false, reason: 'no_task', nextDueAt: NOW + 5 });
});

test('a scheduled task can be claimed from its time on', () => {
  const store = given(opened(), queued('a', { run_at: NOW + 5 })).after(5);

  store.when(claim, CLAIM).then([claimed('a', { at: NOW + 5, fence: FENCE_NOW + 5_000 })]);
});

test('a fence is greater than any granted before, however far the clock went back', () => {
  const ahead = FENCE_NOW + 7_000_000;

  given(opened(), queued('a'), claimed('a', { fence: ahead }), succeeded('a', { fence: ahead }))
    .and(queued('b', { number: 2 }))
    .when(claim, CLAIM)
    .then([claimed('b', { fence: ahead + 1 })]);
});

test('in a restored store, fences continue beyond those that may have been granted since the backup', () => {
  const restored = fencesBeyond(FENCE_NOW + 3_600_000_000, NOW);
  const store = given(...oneTaskEach({ id: 'a' }, { id: 'b' })).remembering(restored);

  store
    .when(claim, { ...CLAIM, limit: 2 })
    .then([
      claimed('a', { sessionId: 's1', fence: FENCE_NOW + 3_600_000_001 }),
      claimed('b', { sessionId: 's2', fence: FENCE_NOW + 3_600_000_002 }),
    ]);
  store
    .after(1_000)
    .when(claim, CLAIM)
    .then([
      // As far ahead of the clock as before: those who claim at the same time keep apart by the time alone.
      claimed('a', { sessionId: 's1', at: NOW + 1_000, fence: FENCE_NOW + 3_601_000_000 }),
    ]);
});

test('no fence is granted that a program could not hold as a number', () => {
  const store = given(opened(), queued('a')).remembering({ fencesAfter: Number.MAX_SAFE_INTEGER });

  expect(() => store.when(claim, CLAIM)).toThrow(refusal('STORE_UNSUITABLE', 'no fence can be granted'));
});

test('the token is made of the seed and the fence, and the log keeps only its hash', () => {
  const seed = '0123456789abcdef'.repeat(2);

  const { reply, writes } = given(opened(), queued('a')).when(claim, { ...CLAIM, seed });

  const token = `${FENCE_NOW}-${sha256(`${seed}:${FENCE_NOW}`).slice(0, 32)}`;
  expect(reply).toMatchObject({ claims: [{ lease: { token } }] });
  expect(writes.sessions).toMatchObject([{ after: { tokenHash: sha256(token) } }]);
  expect(JSON.stringify([writes.sessions, writes.tasks, writes.events, writes.receipt])).not.toContain(
    token.slice(-32),
  );
});

test('the claim hands over the context that the last holder saved', () => {
  const { reply } = given(opened(), queued('a'), claimed('a'), checkpointed('a', 3), givenBack('a')).when(claim, CLAIM);

  expect(reply).toMatchObject({
    claims: [
      {
        context: {
          turn: 3,
          lastAction: 'did 3',
          nextAction: 'do 4',
          memoryRef: 'notes.md',
          hash: 'h',
          data: { seen: [3] },
        },
      },
    ],
  });
});

test.each([
  ['without one', PROCESS, null],
  ['with one that is not told yet', { ...PROCESS, group: 0 }, 0],
  ['with one', { ...PROCESS, group: 4_711 }, 4_711],
])('the process of the claimant is recorded, and its process group: %s', (_what, process, processGroup) => {
  const { group } = process as { group?: number };

  const store = given(opened(), queued('a'))
    .when(claim, { ...CLAIM, instance: 'run-1', process })
    .then([
      claimed('a', { instance: 'run-1', fence: FENCE_NOW, process: PROCESS, ...(group !== undefined && { group }) }),
    ]);

  const { host, boot, pid, start: processStart } = PROCESS;
  expect(store.session('s')).toMatchObject({ instance: 'run-1', host, boot, pid, processStart, processGroup });
});

test('it is shown the best heads for the agent, and a few stale sessions', () => {
  const call = { ...CLAIM, roles: ['tester'], kinds: ['build'], limit: 5 };
  const scope = {
    by: 'ready',
    namespace: 'default',
    commandId: commandIdAt(NOW),
    agents: [AGENT, '*'],
    addressees: ['', `agent:${AGENT}`, 'role:tester'],
    agent: AGENT,
    limit: 5,
    staleLimit: 8,
  };

  expect(claim.scope(inputOf(claim, call))).toEqual({ ...scope, kinds: ['build'] });
  expect(claim.scope(inputOf(claim, { ...call, kinds: undefined, resume: true }))).toEqual({ ...scope, heldBy: AGENT });
});

test('an agent without roles is shown what is for any agent and for itself', () => {
  expect(claim.scope(inputOf(claim, CLAIM))).toMatchObject({ addressees: ['', `agent:${AGENT}`], limit: 1 });
});

test('with a session, it is shown that session', () => {
  expect(claim.scope(inputOf(claim, { ...CLAIM, sessionId: 's' }))).toEqual({
    by: 'sessions',
    namespace: 'default',
    commandId: commandIdAt(NOW),
    agents: [AGENT, '*'],
    sessions: [{ sessionId: 's' }],
  });
});

test('sent again with the same seed, it answers the same lease and takeover, and the context as it is now', () => {
  const call = { ...CLAIM, commandId: commandIdAt(NOW) };
  const first = given(opened(), queued('a', { payload: { big: true } })).when(claim, call);

  const second = first.store.and(checkpointed('a', 1, { fence: FENCE_NOW })).when(claim, call);

  expect(second.writes).toMatchObject({
    reply: { replayed: true },
    events: [],
    sessions: [],
    tasks: [],
    receipt: null,
  });
  const [before] = first.reply.ok ? first.reply.claims : [];
  expect(second.reply).toEqual({
    ok: true,
    claims: [{ ...before, context: expect.objectContaining({ turn: 1 }) as object }],
  });
});

test('a claim that took a session over answers so when it is sent again', () => {
  const call = { ...CLAIM, agent: OTHER_AGENT, sessionId: 's', commandId: commandIdAt(NOW) };
  const first = given(opened(), queued('a'), claimed('a', { instance: 'run-1' }))
    .after(TTL_MS)
    .when(claim, call);

  const second = first.store.when(claim, call);

  expect(second.reply).toEqual(first.reply);
  expect(second.reply).toMatchObject({ claims: [{ takeover: { from: { instance: 'run-1' } } }] });
});

test('a restarted process can ask for what its dead process was answered', () => {
  const call = { ...CLAIM, commandId: commandIdAt(NOW), process: PROCESS };
  const first = given(opened(), queued('a')).when(claim, call);

  const second = first.store.when(claim, { ...call, process: { ...PROCESS, pid: 1 } });

  expect(second.reply).toEqual(first.reply);
});

test('a receipt keeps neither the token nor a body', () => {
  const body = { word: 'confidential' };
  const { writes } = given(opened(), queued('a', { payload: body }), claimed('a'), checkpointed('a', 1), givenBack('a'))
    .after(1)
    .when(claim, CLAIM);

  const receipt = writes.receipt?.reply ?? '';
  expect(JSON.parse(receipt)).toMatchObject({ sessions: ['s'], tasks: ['a'], reply: [{ fence: FENCE_NOW + 1_000 }] });
  for (const secret of ['confidential', 'did 1', SEED, tokenOf(FENCE_NOW + 1_000).slice(-32), 'takeover":{'])
    expect(receipt).not.toContain(secret);
});

test('a task that was just added can be claimed', () => {
  const { store } = given().when(enqueue, { tasks: [{ id: 'a' }] });

  store
    .after(1)
    .when(claim, CLAIM)
    .then([claimed('a', { sessionId: 'a', at: NOW + 1, fence: FENCE_NOW + 1_000 })]);
});
