// What `checkpoint` does:
// - it saves the context for the next holder, in the log and in the session, and replaces the whole of the last one
// - the turn is one more than the last, unless it is given; a smaller one is refused
// - it counts as a heartbeat, and says whether the cancellation was asked and whether the lease had expired
// - the hash is the agent's own, or that of the other fields
// - a context that is too large as a whole is refused
// - a lease that was lost is refused as in a heartbeat, and the refusal says what was tried
// - sent again, it answers the same and saves nothing
// - malformed input is refused
import { expect, test } from 'vitest';
import { canonicalize } from '../../src/log/canonical.ts';
import type { StoredContext } from '../../src/model/context.ts';
import { sha256 } from '../../src/model/sha256.ts';
import { checkpoint, checkpointInput } from '../../src/commands/index.ts';
import {
  AGENT,
  cancelAsked,
  checkpointed,
  claimed,
  event,
  givenBack,
  NOW,
  OTHER_AGENT,
  opened,
  queued,
  refused,
  takenOver,
  tokenOf,
  TTL_MS,
} from '../support/events.ts';
import { commandIdAt, given, inputOf, refusal } from '../support/given.ts';

const HELD = [opened(), queued('a'), claimed('a', { instance: 'run-1' })];
const HOLDER = { token: tokenOf(1) };

const SAVED = {
  ok: true,
  sessionId: 's',
  taskId: 'a',
  turn: 1,
  expiresAt: NOW + TTL_MS,
  cancelRequested: false,
  late: false,
};

/** The event of a checkpoint by the holder. */
function saved(said: Partial<StoredContext>) {
  const fields = { turn: 1, last_action: null, next_action: null, memory_ref: null, data: null, ...said };
  const context = { ...fields, hash: said.hash ?? sha256(canonicalize(fields)) };
  return event('session.checkpointed', context, { taskId: 'a', agent: AGENT, instance: 'run-1', fence: 1 });
}

test('like a heartbeat, it may tell the process group, and else leaves it', () => {
  const { store } = given(...HELD).when(checkpoint, { ...HOLDER, processGroup: 4_711 });
  const later = store.after(1).when(checkpoint, { ...HOLDER, commandId: commandIdAt(NOW + 1) });

  expect([store.session('s'), later.store.session('s')]).toMatchObject([
    { processGroup: 4_711 },
    { processGroup: 4_711 },
  ]);
});

test('it saves the context for the next holder', () => {
  const call = { lastAction: 'read', nextAction: 'write', memoryRef: 'notes.md', hash: 'abc', data: { files: 2 } };
  const said = { last_action: 'read', next_action: 'write', memory_ref: 'notes.md', hash: 'abc', data: { files: 2 } };

  const store = given(...HELD)
    .when(checkpoint, { ...HOLDER, ...call })
    .then([saved(said)], SAVED);

  expect(store.session('s').context).toBe(canonicalize({ turn: 1, ...said }));
  expect(store.task('a')).toMatchObject({ status: 'running' });
});

test('it replaces the whole context: what is left out is empty afterwards', () => {
  given(...HELD, checkpointed('a', 1, { instance: 'run-1' }))
    .when(checkpoint, HOLDER)
    .then([saved({ turn: 2 })], { ...SAVED, turn: 2 });
});

test('the hash is that of the other fields, if the agent gives none', () => {
  const text = '{"data":null,"last_action":"read","memory_ref":null,"next_action":null,"turn":1}';

  const { writes } = given(...HELD).when(checkpoint, { ...HOLDER, lastAction: 'read' });

  expect(JSON.parse(writes.events[0]?.payload ?? '')).toMatchObject({ hash: sha256(text) });
});

test.each([
  ['greater than the last', 9],
  ['the same as the last', 3],
])('a turn that is %s is taken', (_what, turn) => {
  given(...HELD, checkpointed('a', 3, { instance: 'run-1' }))
    .when(checkpoint, { ...HOLDER, turn })
    .then([saved({ turn })], { ...SAVED, turn });
});

test('a turn that is smaller than the last is refused: it would take the session back', () => {
  const store = given(...HELD, checkpointed('a', 3, { instance: 'run-1' }));

  const after = store
    .after(5)
    .when(checkpoint, { ...HOLDER, turn: 2 })
    .then([], { ok: false, reason: 'turn_behind', turn: 3 });

  expect(after.session('s')).toMatchObject({ context: store.session('s').context, heartbeatAt: NOW });
});

test('the first turn may be zero', () => {
  given(...HELD)
    .when(checkpoint, { ...HOLDER, turn: 0 })
    .then([saved({ turn: 0 })], { ...SAVED, turn: 0 });
});

test('the turns of one session continue under the next lease', () => {
  const next = [givenBack('a'), claimed('a', { instance: 'run-2', fence: 2 })];

  const { reply } = given(...HELD, checkpointed('a', 3, { instance: 'run-1' }), ...next).when(checkpoint, {
    token: tokenOf(2),
  });

  expect(reply).toMatchObject({ ok: true, turn: 4 });
});

test('it moves nothing of the task', () => {
  const { writes } = given(...HELD).when(checkpoint, HOLDER);

  expect(writes.tasks).toEqual([]);
  expect(writes.sessions).toHaveLength(1);
});

test('it counts as a heartbeat', () => {
  const { reply, store } = given(...HELD)
    .after(7)
    .when(checkpoint, HOLDER);

  expect(reply).toMatchObject({ expiresAt: NOW + 7 + TTL_MS });
  expect(store.session('s')).toMatchObject({ heartbeatAt: NOW + 7, leaseExpiresAt: NOW + 7 + TTL_MS, renewals: 1 });
});

test('it says whether the cancellation was asked', () => {
  const { reply } = given(...HELD, cancelAsked('a')).when(checkpoint, HOLDER);

  expect(reply).toEqual({ ...SAVED, cancelRequested: true });
});

test.each([
  [TTL_MS - 1, false],
  [TTL_MS, true],
])('late is not lost: after %i ms, late is %s', (ms, late) => {
  const { reply } = given(...HELD)
    .after(ms)
    .when(checkpoint, HOLDER);

  expect(reply).toEqual({ ...SAVED, expiresAt: NOW + ms + TTL_MS, late });
});

test('a context that is too large as a whole is refused, though each field is within its limit', () => {
  const call = { ...HOLDER, data: 'x'.repeat(262_142), lastAction: 'y'.repeat(100) };

  expect(() => given(...HELD).when(checkpoint, call)).toThrow(
    refusal('LIMIT_EXCEEDED', /^data makes a context that is \d+ bytes of JSON, the limit is 262144\.$/, 'data'),
  );
});

test('a lease that was lost is refused, and the refusal says what was tried', () => {
  const next = { agent: OTHER_AGENT, fence: 2 };

  given(...HELD, takenOver('a', 'expired', { lease: { instance: 'run-1' } }), claimed('a', next))
    .when(checkpoint, HOLDER)
    .then([refused({ operation: 'checkpoint', ended_by: 'lease.taken_over', ended_at: NOW }, { instance: 'run-1' })], {
      ok: false,
      reason: 'lease_lost',
      endedBy: 'lease.taken_over',
      at: NOW,
      successor: { agent: OTHER_AGENT, instance: null, fence: 2 },
    });
});

test('sent again, it answers the same and saves nothing', () => {
  const call = { ...HOLDER, commandId: commandIdAt(NOW) };
  const first = given(...HELD).when(checkpoint, call);

  const second = first.store.after(9).when(checkpoint, call);

  expect(second.writes).toMatchObject({ reply: { replayed: true }, events: [], sessions: [] });
  expect(second.reply).toEqual(first.reply);
});

test('it is shown the session of the lease that the token names', () => {
  expect(checkpoint.scope(inputOf(checkpoint, HOLDER))).toEqual({
    by: 'sessions',
    namespace: 'default',
    commandId: commandIdAt(NOW),
    sessions: [{ fence: 1 }],
  });
});

test('its schema says that it replaces the whole context', () => {
  expect(checkpointInput.description).toMatch('replaces the whole context');
});

test.each([
  ['token', { token: '1' }, 'INVALID_INPUT'],
  ['turn', { turn: -1 }, 'INVALID_INPUT'],
  ['turn', { turn: 1_000_000_001 }, 'LIMIT_EXCEEDED'],
  ['data', { data: 'x'.repeat(262_143) }, 'LIMIT_EXCEEDED'],
  ['lastAction', { lastAction: 'x'.repeat(4_097) }, 'LIMIT_EXCEEDED'],
  ['progress', { progress: 1 }, 'INVALID_INPUT'],
])('a malformed %s is refused', (field, call, code) => {
  expect(() => inputOf(checkpoint, { ...HOLDER, ...call })).toThrow(refusal(code, '', field));
});
