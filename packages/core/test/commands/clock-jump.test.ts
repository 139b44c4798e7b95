// How a clock jump is processed, before any command may end the lease of another holder:
// - the command that sees a jump first writes it down, and is not judged
// - every holder, in all namespaces, gets one TTL from now, and the log says by how much the clock moved
// - it is done in pages; the progress is stored with the jump, so another process can continue
// - the last page ends it, also when that page is full
// - when there is no jump, or another process has come further, nothing happens
// - a new jump on the way starts the work afresh
// - commands that end no other holder's lease are judged meanwhile, and leave the jump as it is
// - if the store took another clock, no command is judged meanwhile, and every holder keeps what is left of its lease
import { expect, test } from 'vitest';
import { claim, clockJump, enqueue, heartbeat, recover, release, reschedule } from '../../src/commands/index.ts';
import type { ClockReading } from '../../src/model/clock.ts';
import { AGENT, claimed, event, NOW, opened, queued, STALE_AFTER_MS, tokenOf, TTL_MS } from '../support/events.ts';
import { given, inputOf, readingAt, type Store } from '../support/given.ts';

const HELD = [opened(), queued('a'), claimed('a')];

const HOUR_MS = 3_600_000;

const JUMP = { seenAt: NOW, byMs: 5_000, after: null };

/** A machine that slept for so long after NOW: its wall clock and its uptime continued, its steady clock did not. */
function slept(store: Store, ms: number): Store {
  return store.remembering({ last: readingAt(NOW) }).after(ms, { steady: NOW });
}

function jumped(sessionId: string, fence: number, at: number, byMs = JUMP.byMs) {
  return event('clock.jumped', { by_ms: byMs, expires_at: at + TTL_MS }, { sessionId, fence });
}

/** So many held sessions, `s000`, `s001` …, each under the fence of its number. */
function manyHeld(count: number): Store {
  const sessions = Array.from({ length: count }, (_, at) => `s${String(at).padStart(3, '0')}`);
  const events = sessions.flatMap((sessionId, at) => [
    opened(sessionId, at + 1),
    queued(`t${at}`, { sessionId, number: at + 1 }),
    claimed(`t${at}`, { sessionId, fence: at + 1 }),
  ]);
  return given(...events).remembering({ jump: JUMP });
}

test.each([
  ['recover', recover, {}],
  ['claim', claim, { agent: AGENT }],
])('the command that sees a jump first writes it down, and is not judged: %s', (_name, command, call) => {
  const ms = STALE_AFTER_MS;

  const { writes } = slept(given(...HELD), ms).when(command as typeof recover, call);

  expect(writes).toEqual({
    reply: { kind: 'clock_jump', after: null },
    sessions: [],
    tasks: [],
    agents: [],
    events: [],
    receipt: null,
    forgetReceiptsAt: 0,
    clock: {
      last: { ...readingAt(NOW + ms), steady: NOW },
      jump: { seenAt: NOW + ms, byMs: ms, after: null },
      receipts: expect.anything() as unknown,
    },
  });
});

test('every holder gets one TTL from now, and the log says by how much the clock moved', () => {
  const store = given(...HELD)
    .remembering({ jump: JUMP })
    .after(STALE_AFTER_MS);

  const after = store.when(clockJump, { after: null }).then([jumped('s', 1, store.now)], { next: undefined });

  expect(after.session('s')).toMatchObject({
    leaseExpiresAt: store.now + TTL_MS,
    heartbeatAt: store.now,
    staleAt: store.now + STALE_AFTER_MS,
  });
  expect(after.clock.jump).toBeNull();
});

test('holders in other namespaces get it as well', () => {
  const there = { namespace: 'other', sessionId: 's' };
  const store = given(...HELD)
    .and({ ...opened(), ...there })
    .and({ ...queued('a'), ...there })
    .and(claimed('a', { ...there, fence: 2 }))
    .remembering({ jump: JUMP });

  store.when(clockJump, { after: null }).then([jumped('s', 1, NOW), { ...jumped('s', 2, NOW), ...there }]);
});

test('sessions that no agent holds are left alone', () => {
  given(opened(), queued('a'))
    .remembering({ jump: JUMP })
    .when(clockJump, { after: null })
    .then([], { next: undefined });
});

test('a session that is not held is passed over, even if it is shown', () => {
  const store = given(opened(), queued('a')).remembering({ jump: JUMP });
  const loaded = store.load({ by: 'task', namespace: 'default', taskId: 'a' });

  expect(clockJump.decide({ namespace: 'default', after: null }, loaded).events).toEqual([]);
});

test('it is done in pages of two hundred, and how far it has come is kept', () => {
  const store = manyHeld(201);
  const last = { namespace: 'default', sessionId: 's199' };

  const first = store.when(clockJump, { after: null });
  const second = first.store.when(clockJump, { after: last });

  expect(first.writes.events).toHaveLength(200);
  expect(first.reply).toEqual({ next: last });
  expect(first.store.clock.jump).toEqual({ ...JUMP, after: last });
  second.then([jumped('s200', 201, NOW)], { next: undefined });
  expect(second.store.clock.jump).toBeNull();
});

test('a full last page is followed by an empty one', () => {
  const last = { namespace: 'default', sessionId: 's199' };
  const { store, reply } = manyHeld(200).when(clockJump, { after: null });

  const after = store.when(clockJump, { after: last }).then([], { next: undefined });

  expect(reply).toEqual({ next: last });
  expect(after.clock.jump).toBeNull();
});

test('when another process came further, the next page is the one after that', () => {
  const further = { namespace: 'default', sessionId: 'r' };

  given(...HELD)
    .remembering({ jump: { ...JUMP, after: further } })
    .when(clockJump, { after: null })
    .then([], { next: further });
});

test.each([
  ['another session', { namespace: 'default', sessionId: 'q' }],
  ['another namespace', { namespace: 'other', sessionId: 'r' }],
])('a page after %s than the one it has come to is not processed', (_what, after) => {
  const further = { namespace: 'default', sessionId: 'r' };

  given(...HELD)
    .remembering({ jump: { ...JUMP, after: further } })
    .when(clockJump, { after })
    .then([], { next: further });
});

test('when the jump has been processed, nothing happens', () => {
  const { writes } = given(...HELD).when(clockJump, { after: null });

  given(...HELD)
    .when(clockJump, { after: null })
    .then([], { next: undefined });
  expect(writes).toMatchObject({ events: [], sessions: [], clock: null });
});

test('a new jump on the way starts the work afresh', () => {
  const on = { namespace: 'default', sessionId: 'r' };
  const store = slept(given(...HELD).remembering({ jump: { ...JUMP, after: on } }), 60_000);

  const { reply, writes } = store.when(clockJump, { after: on });

  expect(reply).toEqual({ next: null });
  expect(writes).toMatchObject({
    events: [],
    clock: { jump: { seenAt: NOW + 60_000, byMs: 60_000, after: null }, last: { wall: NOW + 60_000, steady: NOW } },
  });
});

test('what is known of fences stays as it is', () => {
  const fences = { fencesAfter: 5, fencesAhead: 7 };

  const { store } = given(...HELD)
    .remembering({ jump: JUMP, ...fences })
    .when(clockJump, { after: null });

  expect(store.clock).toMatchObject({ last: readingAt(NOW), jump: null, ...fences });
});

test('commands that end no other lease are judged meanwhile, and leave the jump as it is', () => {
  const store = given(...HELD).remembering({ jump: JUMP });
  const holder = { token: tokenOf(1) };

  const beat = store.when(heartbeat, holder);
  const done = beat.store.when(release, { items: [{ ...holder, outcome: 'succeeded' }] });

  expect(beat.reply).toMatchObject({ ok: true });
  expect(done.reply).toMatchObject({ ok: true });
  expect(done.store.clock.jump).toEqual(JUMP);
});

test('a command that is judged meanwhile writes a new jump down, even if it writes nothing else', () => {
  const { writes } = slept(given(...HELD), 10_000).when(heartbeat, { token: tokenOf(9) });

  expect(writes).toMatchObject({ sessions: [], clock: { jump: { seenAt: NOW + 10_000, byMs: 10_000, after: null } } });
});

const TAKEN = { ...JUMP, taken: true as const };

test.each([
  [-HOUR_MS, -20_000, -20_000 - HOUR_MS],
  [HOUR_MS, -20_000 - HOUR_MS, -20_000],
  [HOUR_MS, -20_000, 0],
  [-NOW, -20_000, -NOW],
])('if the store took a clock %i ms ahead, every holder keeps what is left', (byMs, heartbeatMs, movedMs) => {
  const jump = { ...TAKEN, byMs };
  const store = given(opened(), queued('a'), claimed('a'), jumped('s', 1, NOW + heartbeatMs)).remembering({ jump });

  const said = event(
    'clock.jumped',
    { by_ms: byMs, expires_at: NOW + movedMs + TTL_MS, taken: true },
    { sessionId: 's', fence: 1 },
  );
  const after = store.when(clockJump, { after: null }).then([said], { next: undefined });

  expect(after.session('s')).toMatchObject({
    leaseExpiresAt: NOW + movedMs + TTL_MS,
    heartbeatAt: NOW + movedMs,
    staleAt: NOW + movedMs + STALE_AFTER_MS,
  });
});

test.each([
  ['heartbeat', (store: Store) => store.when(heartbeat, { token: tokenOf(1) })],
  ['enqueue', (store: Store) => store.when(enqueue, { tasks: [{}] })],
  ['claim', (store: Store) => store.when(claim, { agent: AGENT })],
])('no command is judged before: %s', (_name, decided) => {
  const { writes } = decided(given(...HELD).remembering({ jump: TAKEN }));

  expect(writes).toMatchObject({ reply: { kind: 'clock_jump', after: null }, sessions: [], tasks: [], events: [] });
});

test('so many pages later it is known to be one', () => {
  const { store } = manyHeld(201).remembering({ jump: TAKEN }).when(clockJump, { after: null });

  expect(store.clock.jump).toEqual({ ...TAKEN, after: { namespace: 'default', sessionId: 's199' } });
  expect(store.when(reschedule, {}).reply).toEqual({ done: true });
});

const MACHINE: ClockReading = readingAt(NOW);

test.each([
  ['is new', null, MACHINE],
  ['was last read ten seconds ago', { ...MACHINE, wall: NOW - 10_000, steady: NOW - 10_000 }, MACHINE],
])('a reading is written along with other writes, when the clock %s', (_when, last, expected) => {
  const { writes } = given(...HELD)
    .remembering({ last })
    .when(heartbeat, { token: tokenOf(1) });

  expect(writes.clock).toMatchObject({ last: expected, jump: null });
});

test('a reading that is nearly as new is not written', () => {
  const last = { ...MACHINE, wall: NOW - 9_999, steady: NOW - 9_999 };

  const { writes } = given(...HELD)
    .remembering({ last })
    .when(heartbeat, { token: tokenOf(1) });

  expect(writes.clock).toBeNull();
});

test('a reading alone is not worth a write', () => {
  const { writes } = given(...HELD).when(heartbeat, { token: tokenOf(9) });

  expect(writes).toMatchObject({ sessions: [], clock: null });
});

test('it is shown a page of all held sessions', () => {
  const after = { namespace: 'default', sessionId: 's' };

  expect(clockJump.scope(inputOf(clockJump, { after }))).toEqual({
    by: 'held',
    namespace: 'default',
    limit: 200,
    after,
  });
});
