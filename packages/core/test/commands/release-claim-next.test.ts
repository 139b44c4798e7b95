// How a release claims the next task (`claimNext`), in the same unit of work:
// - the next head of the released session is claimed, for the agent that is named, with the process of the holder
// - heads of other sessions compete with it; as many are claimed as asked for, the best first
// - the head of a named session competes as well if no lease of it is left: where the item was refused, or done before
// - a task that was just given back or handed off is not taken again at once, nor what waits behind it
// - a task that fails or is cancelled uncovers the head behind it
// - only heads that fit are claimed; nothing is claimed if every item was refused
// - sent again with the same seed, the next leases are answered again
import { expect, test } from 'vitest';
import { release } from '../../src/commands/index.ts';
import {
  AGENT,
  claimed,
  ended,
  FENCE_NOW,
  givenBack,
  NOW,
  OTHER_AGENT,
  opened,
  PROCESS,
  queued,
  recovered,
  sessionClosed,
  STALE_AFTER_MS,
  succeeded,
  tokenOf,
  TTL_MS,
  type LeaseSaid,
} from '../support/events.ts';
import { commandIdAt, given, inputOf, refusal } from '../support/given.ts';

const NEXT = { agent: AGENT, ttlMs: TTL_MS, staleAfterMs: STALE_AFTER_MS };

/** A call that ends the lease of the tests and claims what is next. */
function releaseCall(outcome: string, next: object = {}, item: object = {}) {
  return { items: [{ token: tokenOf(1), outcome, ...item }], claimNext: { ...NEXT, ...next } };
}

/** A held task with another behind it. */
function twoTasks(second: Parameters<typeof queued>[1] = {}, lease: LeaseSaid = {}) {
  return given(opened(), queued('a'), queued('b', { number: 2, ...second }), claimed('a', lease));
}

/** The first lease of the call. */
const FIRST = { fence: FENCE_NOW };

test('the next head of the session is claimed', () => {
  const store = twoTasks();

  const { reply } = store.when(release, releaseCall('succeeded'));

  store.when(release, releaseCall('succeeded')).then([succeeded('a'), claimed('b', FIRST)]);
  expect(reply.next).toEqual([
    {
      task: expect.objectContaining({ id: 'b', status: 'running', attempt: 1 }) as object,
      lease: {
        sessionId: 's',
        agent: AGENT,
        instance: null,
        fence: FENCE_NOW,
        token: tokenOf(FENCE_NOW),
        expiresAt: NOW + TTL_MS,
        ttlMs: TTL_MS,
        staleAfterMs: STALE_AFTER_MS,
      },
      context: null,
      takeover: null,
    },
  ]);
});

test('unless it says otherwise, the next lease lasts two minutes', () => {
  const { reply } = twoTasks().when(release, { ...releaseCall('succeeded'), claimNext: { agent: AGENT } });

  expect(reply.next).toMatchObject([{ lease: { ttlMs: 120_000, staleAfterMs: 60_000 } }]);
});

test('without claimNext, nothing is claimed', () => {
  twoTasks()
    .when(release, { items: releaseCall('succeeded').items })
    .then([succeeded('a')]);
});

test('when nothing is left, nothing is claimed', () => {
  const store = given(opened('a'), queued('a', { sessionId: 'a' }), claimed('a', { sessionId: 'a' }));

  const { reply } = store.when(release, releaseCall('succeeded'));

  store
    .when(release, releaseCall('succeeded'))
    .then([succeeded('a', { sessionId: 'a' }), sessionClosed('a', 'task_ended')]);
  expect(reply.next).toEqual([]);
});

test.each([
  ['without a process group', {}],
  ['with one that is not told yet', { group: 0 }],
  ['with one', { group: 7 }],
])('the next lease is of the process that the holder is: %s', (_what, group) => {
  const lease = { instance: 'run-1', process: PROCESS, ...group };

  twoTasks({}, lease)
    .when(release, releaseCall('succeeded'))
    .then([succeeded('a', lease), claimed('b', { ...lease, ...FIRST })]);
});

test.each([
  ['the instance that it names', { instance: 'run-3' }, { instance: 'run-1' }, 'run-3'],
  ['else the one that the item names', {}, { instance: 'run-1' }, 'run-1'],
  ['else the one that the holder claimed with', {}, {}, 'run-1'],
])('the next lease is of %s', (_what, next, item, instance) => {
  const { store } = twoTasks({}, { instance: 'run-1' }).when(release, releaseCall('succeeded', next, item));

  expect(store.session('s').instance).toBe(instance);
});

test.each(['host', 'boot', 'pid', 'start'])('a process of which the %s is not known is not recorded', (part) => {
  const { store } = twoTasks({}, { process: { ...PROCESS, [part]: null } }).when(release, releaseCall('succeeded'));

  expect(store.session('s')).toMatchObject({ taskId: 'b', host: null, boot: null, pid: null, processStart: null });
});

test('another agent can be named for the next lease', () => {
  twoTasks({ assignee: OTHER_AGENT })
    .when(release, releaseCall('succeeded', { agent: OTHER_AGENT }))
    .then([succeeded('a'), claimed('b', { ...FIRST, agent: OTHER_AGENT })]);
});

test.each([
  ['more urgent', 1, 'c', 's2'],
  ['less urgent', 9, 'b', 's'],
])('the head of another session competes: it is %s', (_what, priority, head, sessionId) => {
  const store = twoTasks()
    .and(opened('s2', 2))
    .and(queued('c', { sessionId: 's2', number: 3, priority }));

  store.when(release, releaseCall('succeeded')).then([succeeded('a'), claimed(head, { ...FIRST, sessionId })]);
});

test('as many are claimed as asked for, the best first', () => {
  const store = twoTasks()
    .and(opened('s2', 2))
    .and(queued('c', { sessionId: 's2', number: 3, priority: 1 }))
    .and(opened('s3', 3))
    .and(queued('d', { sessionId: 's3', number: 4, priority: 9 }));

  store
    .when(release, releaseCall('succeeded', { limit: 2 }))
    .then([succeeded('a'), claimed('c', { ...FIRST, sessionId: 's2' }), claimed('b', { fence: FENCE_NOW + 1 })]);
});

test.each([
  ['given back', releaseCall('released'), givenBack('a')],
  [
    'handed off',
    releaseCall('handed_off', {}, { to: { agent: AGENT } }),
    ended('task.handed_off', 'a', { outcome: 'handed_off', assignee: AGENT, role: null, note: null }),
  ],
])('a task that was just %s is not taken again at once, nor what waits behind it', (_how, call, end) => {
  twoTasks().when(release, call).then([end]);
});

test('a task that was just given back is not taken again, though nothing waits behind it', () => {
  given(opened(), queued('a'), claimed('a'))
    .when(release, releaseCall('released'))
    .then([givenBack('a')]);
});

test('a task that was just given back does not hold up what comes before it', () => {
  twoTasks({ priority: 1 })
    .when(release, releaseCall('released'))
    .then([givenBack('a'), claimed('b', FIRST)]);
});

test.each([
  ['for good', { final: true }, { run_at: null }],
  ['and is tried again later', {}, { run_at: expect.any(Number) as number, delay_ms: expect.any(Number) as number }],
])('a task that fails %s uncovers the head behind it', (_how, item, when) => {
  twoTasks()
    .when(release, releaseCall('failed', {}, item))
    .then([ended('task.failed', 'a', { outcome: 'failed', error: null, ...when }), claimed('b', FIRST)]);
});

test('a task that is cancelled uncovers the head behind it', () => {
  twoTasks()
    .when(release, releaseCall('cancelled'))
    .then([ended('task.cancelled', 'a', { outcome: 'cancelled', error: null }), claimed('b', FIRST)]);
});

test.each([
  ['for another agent', { assignee: OTHER_AGENT }, {}],
  ['for a role that the agent has not', { role: 'tester' }, { roles: ['writer'] }],
  ['of a kind that it does not ask for', { kind: 'build' }, { kinds: ['deploy'] }],
])('a head %s is not claimed', (_what, task, next) => {
  twoTasks(task)
    .when(release, releaseCall('succeeded', next))
    .then([succeeded('a')]);
});

test('a head for a role of the agent is claimed', () => {
  twoTasks({ role: 'tester' })
    .when(release, releaseCall('succeeded', { roles: ['tester'] }))
    .then([succeeded('a'), claimed('b', FIRST)]);
});

/** A lease that was recovered, a held task of another session, and a session that is less urgent. */
function recoveredAndHeld() {
  return given(opened(), queued('a', { priority: 5 }), claimed('a'), recovered('a', 'stale'))
    .and(opened('s2', 2))
    .and(queued('b', { sessionId: 's2', number: 2 }))
    .and(claimed('b', { sessionId: 's2', fence: 2 }))
    .and(opened('s3', 3))
    .and(queued('c', { sessionId: 's3', number: 3, priority: 9 }));
}

/** Ends the leases of these fences. */
function endingAll(fences: readonly number[], outcome: string, next: object = {}) {
  const items = fences.map((fence) => ({ token: tokenOf(fence), outcome: fence === 2 ? 'succeeded' : outcome }));
  return { items, claimNext: { ...NEXT, ...next } };
}

test.each([[[1, 2]], [[2, 1]]])('the head of a session whose lease was lost competes: items %j', (fences) => {
  const { reply } = recoveredAndHeld().when(release, endingAll(fences, 'succeeded'));

  expect(reply.items.map((item) => item?.ok)).toEqual(fences.map((fence) => fence === 2));
  expect(reply.next.map(({ task }) => task.id)).toEqual(['a']);
});

test('it competes once, with the heads of other sessions', () => {
  const { reply } = recoveredAndHeld().when(release, endingAll([1, 2], 'succeeded', { limit: 3 }));

  expect(reply.next.map(({ task }) => task.id)).toEqual(['a', 'c']);
});

test('the head of a session that another agent holds by now does not compete', () => {
  const store = recoveredAndHeld()
    .and(queued('a2', { number: 4 }))
    .and(claimed('a', { fence: 3, agent: OTHER_AGENT }));

  const { reply } = store.when(release, endingAll([1, 2], 'succeeded', { limit: 3 }));

  expect(reply.next.map(({ task }) => task.id)).toEqual(['c']);
});

test.each([
  ['succeeded', succeeded('a'), ['a2', 'c']],
  ['released', givenBack('a'), ['c']],
])(
  'the head of a session of which the lease had %s before competes, but not what it gave back',
  (outcome, end, ids) => {
    const store = given(opened(), queued('a'), queued('a2', { number: 4 }), claimed('a'), end)
      .and(opened('s2', 2))
      .and(queued('b', { sessionId: 's2', number: 2 }))
      .and(claimed('b', { sessionId: 's2', fence: 2 }))
      .and(opened('s3', 3))
      .and(queued('c', { sessionId: 's3', number: 3, priority: 9 }));

    const { reply } = store.when(release, endingAll([1, 2], outcome, { limit: 3 }));

    expect(reply.items).toMatchObject([{ repeated: true }, { repeated: false }]);
    expect(reply.next.map(({ task }) => task.id)).toEqual(ids);
  },
);

test('nothing is claimed if every item was refused', () => {
  given(opened(), queued('a'), claimed('a'), succeeded('a'), queued('b', { number: 2 }))
    .when(release, releaseCall('failed'))
    .then([], {
      ok: false,
      items: [{ ok: false, reason: 'lease_lost', endedBy: 'task.succeeded', at: NOW }],
      next: [],
    });
});

test('nothing is claimed if the release was done before', () => {
  given(opened(), queued('a'), claimed('a'), succeeded('a'), queued('b', { number: 2 }))
    .when(release, releaseCall('succeeded'))
    .then([]);
});

test('the holder of the first accepted item continues', () => {
  const store = given(opened(), queued('a'), claimed('a', { instance: 'lost' }), succeeded('a', { instance: 'lost' }))
    .and(opened('s2', 2))
    .and(queued('b', { sessionId: 's2', number: 2 }))
    .and(claimed('b', { sessionId: 's2', fence: 2, instance: 'run-2' }))
    .and(opened('s3', 3))
    .and(queued('c', { sessionId: 's3', number: 3 }));
  const items = [1, 2].map((fence) => ({ token: tokenOf(fence), outcome: 'succeeded' }));

  const { reply } = store.when(release, { items, claimNext: NEXT });

  expect(reply.items).toMatchObject([{ repeated: true }, { repeated: false }]);
  expect(reply.next).toMatchObject([{ task: { id: 'c' }, lease: { instance: 'run-2' } }]);
});

test('the next lease has the instance of the item that was accepted, not that of another', () => {
  const items = [
    { token: tokenOf(9), outcome: 'succeeded', instance: 'lost' },
    { token: tokenOf(1), outcome: 'succeeded' },
  ];

  const { reply } = twoTasks({}, { instance: 'run-1' }).when(release, { items, claimNext: NEXT });

  expect(reply.next).toMatchObject([{ lease: { instance: 'run-1' } }]);
});

test('an instance that claimed without telling it may tell it now', () => {
  const { reply } = twoTasks().when(release, releaseCall('succeeded', {}, { instance: 'run-1' }));

  expect(reply.next).toMatchObject([{ lease: { instance: 'run-1' } }]);
});

test('sent again with the same seed, the next leases are answered again', () => {
  const call = { ...releaseCall('succeeded'), commandId: commandIdAt(NOW) };
  const first = twoTasks().when(release, call);

  const second = first.store.when(release, call);

  expect(second.writes).toMatchObject({ reply: { replayed: true }, events: [] });
  expect(second.reply).toEqual(first.reply);
  expect(second.reply.next).toMatchObject([{ lease: { token: tokenOf(FENCE_NOW) } }]);
});

test('it is shown the heads that a claim would take next', () => {
  const next = { addressees: ['', `agent:${AGENT}`, 'role:tester'], agent: AGENT, limit: 1 };
  const roles = ['tester'];

  expect(release.scope(inputOf(release, releaseCall('succeeded')))).toMatchObject({
    nextReady: { addressees: ['', `agent:${AGENT}`], agent: AGENT, limit: 1 },
  });
  expect(release.scope(inputOf(release, releaseCall('succeeded', { roles })))).toEqual({
    by: 'sessions',
    namespace: 'default',
    commandId: commandIdAt(NOW),
    agents: [AGENT, '*'],
    sessions: [{ fence: 1 }],
    nextReady: next,
  });
  expect(
    release.scope(inputOf(release, releaseCall('succeeded', { roles, kinds: ['build'], limit: 3 }))),
  ).toMatchObject({
    nextReady: { ...next, kinds: ['build'], limit: 3 },
  });
});

test('a release that claims and has no seed is a mistake of ours: the input is checked before', () => {
  const input = { ...inputOf(release, releaseCall('succeeded')), seed: undefined };

  expect(() => release.decide(input, twoTasks().load(release.scope(input)))).toThrow(
    refusal('INTERNAL', '^A release that claims the next task has no seed.$'),
  );
});
