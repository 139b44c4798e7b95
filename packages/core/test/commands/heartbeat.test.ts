// What `heartbeat` does:
// - the holder's token extends the lease by its TTL, and nothing is written in the log
// - it may carry progress and the process group, and leaves both as they are otherwise
// - it says whether the cancellation of the task was asked
// - late is not lost: an expired lease that no other agent took over is still its holder's, and the answer says so
// - a holder that sends an instance is compared by it as well
// - a lease that another process ended is refused, with how and when it ended and who came next
// - the first such refusal is on record, once, under the name of the lost holder
// - a token that was never granted is refused and leaves nothing, whatever fence it names
// - a renewal in the last fifth of the TTL, or later, is counted as a near miss
// - malformed input is refused
import { expect, test } from 'vitest';
import { checkProgress, heartbeat } from '../../src/commands/index.ts';
import {
  AGENT,
  cancelAsked,
  claimed,
  ended,
  event,
  givenBack,
  NOW,
  OTHER_AGENT,
  opened,
  queued,
  recovered,
  refused,
  STALE_AFTER_MS,
  succeeded,
  takenOver,
  tokenOf,
  TTL_MS,
} from '../support/events.ts';
import { given, inputOf, refusal } from '../support/given.ts';

const HELD = [opened(), queued('a'), claimed('a', { instance: 'run-1' })];
const HOLDER = { token: tokenOf(1) };

const STILL_YOURS = {
  ok: true,
  sessionId: 's',
  taskId: 'a',
  expiresAt: NOW + TTL_MS,
  cancelRequested: false,
  late: false,
};

/** A lease that another agent took over, with what the next holder got. */
const TAKEN_OVER = [
  ...HELD,
  takenOver('a', 'expired', { lease: { instance: 'run-1' } }),
  claimed('a', { agent: OTHER_AGENT, instance: 'run-2', fence: 2, at: NOW + TTL_MS }),
];

const LOST = {
  ok: false,
  reason: 'lease_lost',
  endedBy: 'lease.taken_over',
  at: NOW,
  successor: { agent: OTHER_AGENT, instance: 'run-2', fence: 2 },
};

const FIRST_REFUSAL = { operation: 'heartbeat', ended_by: 'lease.taken_over', ended_at: NOW } as const;

test('the token of the holder extends the lease by its TTL', () => {
  const store = given(...HELD)
    .after(7)
    .when(heartbeat, HOLDER)
    .then([], { ...STILL_YOURS, expiresAt: NOW + 7 + TTL_MS });

  expect(store.session('s')).toMatchObject({
    leaseExpiresAt: NOW + 7 + TTL_MS,
    heartbeatAt: NOW + 7,
    staleAt: NOW + 7 + STALE_AFTER_MS,
    renewals: 1,
    nearMisses: 0,
    updatedAt: NOW + 7,
  });
});

test('it may carry progress and the process group', () => {
  const { store } = given(...HELD).when(heartbeat, { ...HOLDER, progress: { step: 2, of: 3 }, processGroup: 4_711 });

  expect(store.session('s')).toMatchObject({ progress: '{"of":3,"step":2}', processGroup: 4_711 });
});

test('one without them leaves both as they are', () => {
  const { store } = given(...HELD).when(heartbeat, { ...HOLDER, progress: 'half', processGroup: 4_711 });

  const later = store.after(1).when(heartbeat, HOLDER);

  expect(later.store.session('s')).toMatchObject({ progress: '"half"', processGroup: 4_711 });
});

test('progress may be null', () => {
  const { store } = given(...HELD).when(heartbeat, { ...HOLDER, progress: 'half' });

  const later = store.after(1).when(heartbeat, { ...HOLDER, progress: null });

  expect(later.store.session('s').progress).toBe('null');
});

test('it says whether the cancellation of the task was asked', () => {
  given(...HELD, cancelAsked('a'))
    .when(heartbeat, HOLDER)
    .then([], { ...STILL_YOURS, cancelRequested: true });
});

test.each([
  ['just in time', TTL_MS - 1, false],
  ['from its expiry on', TTL_MS, true],
  ['long after it was stale', 100 * STALE_AFTER_MS, true],
])("late is not lost: %s, the lease is still its holder's", (_when, ms, late) => {
  given(...HELD)
    .after(ms)
    .when(heartbeat, HOLDER)
    .then([], { ...STILL_YOURS, expiresAt: NOW + ms + TTL_MS, late });
});

test.each([
  ['the instance that claimed', 'run-1'],
  ['no instance', undefined],
])('the holder may send %s', (_what, instance) => {
  given(...HELD)
    .when(heartbeat, { ...HOLDER, instance })
    .then([], STILL_YOURS);
});

test('another instance than the one that claimed is refused, and leaves nothing', () => {
  given(...HELD)
    .when(heartbeat, { ...HOLDER, instance: 'run-2' })
    .then([], {
      ok: false,
      reason: 'lease_lost',
      endedBy: null,
      at: null,
      successor: { agent: AGENT, instance: 'run-1', fence: 1 },
    });
});

test('a lease that was claimed without an instance takes any', () => {
  given(opened(), queued('a'), claimed('a'))
    .when(heartbeat, { ...HOLDER, instance: 'run-2' })
    .then([], STILL_YOURS);
});

test('a lease that was taken over is refused, and the first refusal is on record', () => {
  given(...TAKEN_OVER)
    .after(TTL_MS)
    .when(heartbeat, HOLDER)
    .then([refused(FIRST_REFUSAL, { instance: 'run-1' })], LOST);
});

test('the refusal names the instance that was refused, if it is told', () => {
  given(...TAKEN_OVER)
    .after(TTL_MS)
    .when(heartbeat, { ...HOLDER, instance: 'run-3' })
    .then([refused(FIRST_REFUSAL, { instance: 'run-3' })], LOST);
});

test('later refusals are not on record', () => {
  const { store } = given(...TAKEN_OVER)
    .after(TTL_MS)
    .when(heartbeat, HOLDER);

  store.when(heartbeat, HOLDER).then([], LOST);
});

test('a refused heartbeat extends nothing', () => {
  const store = given(...TAKEN_OVER).after(TTL_MS);

  const after = store.when(heartbeat, HOLDER).store;

  expect(after.session('s')).toMatchObject({ leaseExpiresAt: NOW + 2 * TTL_MS, renewals: 0 });
});

test('the successor is the next holder, even if another agent holds the session now', () => {
  const since = [succeeded('a', { agent: OTHER_AGENT, instance: 'run-2', fence: 2 }), queued('b', { number: 2 })];

  const idle = given(...TAKEN_OVER, ...since);
  const held = idle.and(claimed('b', { fence: 3 }));

  expect(idle.when(heartbeat, HOLDER).reply).toMatchObject({ successor: LOST.successor });
  expect(held.when(heartbeat, HOLDER).reply).toMatchObject({ successor: LOST.successor });
});

test('a lease that was recovered is refused; there need be no next holder', () => {
  given(...HELD, recovered('a', 'stale', { lease: { instance: 'run-1' } }))
    .when(heartbeat, HOLDER)
    .then([refused({ operation: 'heartbeat', ended_by: 'task.recovered', ended_at: NOW }, { instance: 'run-1' })], {
      ok: false,
      reason: 'lease_lost',
      endedBy: 'task.recovered',
      at: NOW,
    });
});

test('a zombie is put on record in a session that is closed by now', () => {
  const gone = [
    recovered('a', 'stale', { lease: { instance: 'run-1' } }),
    event('task.cancelled', { outcome: null, error: null }, { taskId: 'a' }),
    event('session.closed', { reason: 'requested' }),
  ];

  const { writes } = given(...HELD, ...gone).when(heartbeat, HOLDER);

  expect(writes.events).toMatchObject([{ type: 'lease.refused', leaseEffect: 'refused', fence: 1 }]);
});

test.each([
  ['succeeded', succeeded('a', { instance: 'run-1' })],
  ['failed', ended('task.failed', 'a', { outcome: 'failed', error: null, run_at: null })],
  ['was given back', givenBack('a', { instance: 'run-1' })],
  ['was handed off', ended('task.handed_off', 'a', { outcome: 'handed_off', assignee: null, role: 'r', note: null })],
  ['was cancelled', ended('task.cancelled', 'a', { outcome: 'cancelled', error: null })],
])('a lease that its holder ended itself (the task %s) is refused, and leaves nothing', (_how, end) => {
  given(...HELD, end)
    .when(heartbeat, HOLDER)
    .then([], { ok: false, reason: 'lease_lost', endedBy: end.type, at: NOW });
});

test('a token that was never granted is refused and leaves nothing', () => {
  const nothing = { ok: false, reason: 'lease_lost', endedBy: null, at: null };

  given(...HELD)
    .when(heartbeat, { token: tokenOf(9) })
    .then([], nothing);
});

test('a token that was made up for the fence of a lease that ended leaves nothing', () => {
  const invented = { token: `1-${'0'.repeat(32)}` };

  given(...TAKEN_OVER)
    .after(TTL_MS)
    .when(heartbeat, invented)
    .then([], { ...LOST, endedBy: null, at: null });
});

test('a token that was made up for the fence of the present lease leaves nothing', () => {
  const invented = { token: `1-${'0'.repeat(32)}` };

  const { reply, store } = given(...HELD)
    .after(5)
    .when(heartbeat, invented);

  expect(reply).toMatchObject({ reason: 'lease_lost', endedBy: null, successor: { agent: AGENT, fence: 1 } });
  expect(store.session('s')).toMatchObject({ heartbeatAt: NOW, renewals: 0 });
});

test('a renewal in the last fifth of the TTL is counted as a near miss', () => {
  const fifth = NOW + TTL_MS * 0.8;
  const early = given(...HELD)
    .after(TTL_MS * 0.8)
    .when(heartbeat, HOLDER).store;
  const missed = given(...HELD)
    .after(TTL_MS * 0.8 + 1)
    .when(heartbeat, HOLDER).store;

  expect(early.session('s')).toMatchObject({ renewals: 1, nearMisses: 0, lastNearMissAt: null });
  expect(missed.session('s')).toMatchObject({ renewals: 1, nearMisses: 1, lastNearMissAt: fifth + 1 });
});

test('no receipt is kept: sent again, it is another proof of life', () => {
  const { writes } = given(...HELD).when(heartbeat, HOLDER);

  expect(writes.receipt).toBeNull();
});

test('it is shown the session of the lease that the token names', () => {
  expect(heartbeat.scope(inputOf(heartbeat, { token: tokenOf(12) }))).toEqual({
    by: 'sessions',
    namespace: 'default',
    sessions: [{ fence: 12 }],
  });
});

test.each([
  ['token', { token: '1' }, 'INVALID_INPUT'],
  ['instance', { instance: '' }, 'INVALID_INPUT'],
  ['progress', { progress: 'x'.repeat(4_096) }, 'LIMIT_EXCEEDED'],
  ['processGroup', { processGroup: -1 }, 'INVALID_INPUT'],
  ['sessionId', { sessionId: 's' }, 'INVALID_INPUT'],
])('a malformed %s is refused', (field, call, code) => {
  expect(() => inputOf(heartbeat, { ...HOLDER, ...call })).toThrow(refusal(code, '', field));
});

test('progress can be checked before there is a heartbeat to carry it', () => {
  expect(checkProgress({ step: 1 })).toBeUndefined();
  expect(() => checkProgress('x'.repeat(4_096))).toThrow(refusal('LIMIT_EXCEEDED', '4098 bytes', 'progress'));
});
