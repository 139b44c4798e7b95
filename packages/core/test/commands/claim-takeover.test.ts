// How a claim ends the lease of another holder:
// - a claim of a session takes it over from its expiry on, and not before; what the holder was known by is written down
// - a heartbeat that came first wins, even a late one
// - evidence that the holder is dead is not waited out; it counts for this lease and this process alone
// - the task goes back into its old place; the head is claimed, and that may be another task
// - a head that does not fit is left alone, but the expired lease is closed
// - a task whose cancellation was requested ends as cancelled, and the next is claimed
// - a task with no interruption left ends as a dead letter, and the next is claimed
// - without a session, a few stale sessions are recovered on the way, and their heads compete with the others
// - a clock jump is processed first
import { expect, test } from 'vitest';
import { claim, heartbeat } from '../../src/commands/index.ts';
import {
  AGENT,
  cancelAsked,
  cancelledWaiting,
  claimed,
  EVIDENCE,
  FENCE_NOW,
  interruptedTooOften,
  LOGGED_EVIDENCE,
  NOW,
  OTHER_AGENT,
  opened,
  PROCESS,
  queued,
  recovered,
  sessionClosed,
  STALE_AFTER_MS,
  takenOver,
  tokenOf,
  TTL_MS,
} from '../support/events.ts';
import { given, inputOf, refusal } from '../support/given.ts';

/** A claim by the other agent, of the session or of the best head. */
const CLAIM = { agent: OTHER_AGENT, ttlMs: TTL_MS, staleAfterMs: STALE_AFTER_MS };
const CLAIM_SESSION = { ...CLAIM, sessionId: 's' };

const HELD = [opened(), queued('a'), claimed('a', { instance: 'run-1' })];
const HELD_BY_PROCESS = [opened(), queued('a'), claimed('a', { process: PROCESS })];

/** Who ends the lease, and the lease that it ends. */
const ENDED = { by: { agent: OTHER_AGENT }, lease: { instance: 'run-1' } };

/** The grant to the other agent at a time. */
function granted(taskId: string, at: number, more: { fence?: number; sessionId?: string } = {}) {
  return claimed(taskId, { agent: OTHER_AGENT, at, fence: at * 1_000, ...more });
}

const EXPIRES_AT = NOW + TTL_MS;
const STALE_AT = NOW + STALE_AFTER_MS;

test('a session is taken over from the expiry of its lease on, and the log says what was known of the holder', () => {
  const store = given(...HELD).after(TTL_MS);

  const { reply } = store.when(claim, CLAIM_SESSION);
  const after = store.when(claim, CLAIM_SESSION).then([takenOver('a', 'expired', ENDED), granted('a', EXPIRES_AT)]);

  expect(reply).toMatchObject({
    ok: true,
    claims: [
      {
        lease: { agent: OTHER_AGENT, fence: EXPIRES_AT * 1_000 },
        takeover: { from: { agent: AGENT, instance: 'run-1', fence: 1 }, reason: 'expired' },
      },
    ],
  });
  expect(after.task('a')).toMatchObject({ status: 'running', attempt: 1, interruptions: 1 });
});

test('it is not taken over before', () => {
  const { reply, store } = given(...HELD)
    .after(TTL_MS - 1)
    .when(claim, CLAIM_SESSION);

  expect(reply).toMatchObject({ reason: 'busy', why: 'held', until: EXPIRES_AT });
  expect(store.session('s')).toMatchObject({ agent: AGENT });
});

test('the claimant and its instance are named in the log', () => {
  given(...HELD)
    .after(TTL_MS)
    .when(claim, { ...CLAIM_SESSION, instance: 'run-2' })
    .then([
      takenOver('a', 'expired', { ...ENDED, by: { agent: OTHER_AGENT, instance: 'run-2' } }),
      claimed('a', { agent: OTHER_AGENT, instance: 'run-2', at: EXPIRES_AT, fence: EXPIRES_AT * 1_000 }),
    ]);
});

test('a heartbeat that came first wins, even a late one', () => {
  const { store } = given(...HELD)
    .after(TTL_MS)
    .when(heartbeat, { token: tokenOf(1) });

  const { reply } = store.when(claim, CLAIM_SESSION);

  expect(reply).toMatchObject({ reason: 'busy', until: EXPIRES_AT + TTL_MS });
});

test('evidence that the holder is dead is not waited out', () => {
  const { reply, store } = given(...HELD_BY_PROCESS).when(claim, { ...CLAIM_SESSION, evidence: [EVIDENCE] });

  expect(reply).toMatchObject({ claims: [{ takeover: { reason: 'dead' } }] });
  expect(store.log.map(({ type, payload }) => [type, JSON.parse(payload) as object])).toContainEqual([
    'lease.taken_over',
    expect.objectContaining({ reason: 'dead', evidence: LOGGED_EVIDENCE }),
  ]);
});

test('of an expired lease, evidence is the better reason', () => {
  given(...HELD_BY_PROCESS)
    .after(TTL_MS)
    .when(claim, { ...CLAIM_SESSION, evidence: [EVIDENCE] })
    .then([
      takenOver('a', 'dead', { by: { agent: OTHER_AGENT }, evidence: LOGGED_EVIDENCE }),
      granted('a', EXPIRES_AT),
    ]);
});

test.each([
  ['session', { sessionId: 'other' }],
  ['lease', { fence: 2 }],
  ['machine', { host: 'server' }],
  ['boot', { boot: 'boot-2' }],
  ['process', { pid: 4_712 }],
  ['process with the same number', { processStart: '100' }],
])('evidence about another %s proves nothing', (_what, other) => {
  const { reply } = given(...HELD_BY_PROCESS).when(claim, { ...CLAIM_SESSION, evidence: [{ ...EVIDENCE, ...other }] });

  expect(reply).toMatchObject({ reason: 'busy', why: 'held' });
});

test('evidence is only looked at with a session or with resume', () => {
  expect(() => inputOf(claim, { ...CLAIM, evidence: [EVIDENCE] })).toThrow(
    refusal('INVALID_INPUT', 'can only be given with a session or with resume; staleRecovery takes it', 'evidence'),
  );
  expect(inputOf(claim, { ...CLAIM, evidence: [EVIDENCE], resume: true }).evidence).toEqual([EVIDENCE]);
});

test.each([
  ['of the same age, the smallest id', {}, 'a'],
  ['a task that is more urgent', { priority: 1 }, 'b'],
  ['not a task that is less urgent', { priority: 9 }, 'a'],
])('the head after a takeover is claimed: %s', (_what, other, head) => {
  const tasks = [queued('a'), claimed('a', { instance: 'run-1' }), queued('b', { number: 2, ...other })];

  given(opened(), ...tasks)
    .after(TTL_MS)
    .when(claim, CLAIM_SESSION)
    .then([takenOver('a', 'expired', ENDED), granted(head, EXPIRES_AT)]);
});

test('a head that does not fit is left alone, but the expired lease is closed', () => {
  const store = given(...HELD)
    .after(TTL_MS)
    .when(claim, { ...CLAIM_SESSION, kinds: ['other'] })
    .then([takenOver('a', 'expired', ENDED)], { ok: false, reason: 'no_task', nextDueAt: null });

  expect(store.session('s')).toMatchObject({ status: 'idle' });
  expect(store.task('a')).toMatchObject({ status: 'queued', attempt: 0, interruptions: 1 });
});

test('a task whose cancellation was requested ends as cancelled, and the next one is claimed', () => {
  given(...HELD, cancelAsked('a'), queued('b', { number: 2 }))
    .after(TTL_MS)
    .when(claim, CLAIM_SESSION)
    .then([takenOver('a', 'expired', ENDED), cancelledWaiting('a'), granted('b', EXPIRES_AT)]);
});

test('a task that has no interruption left ends as a dead letter, and the next one is claimed', () => {
  const tasks = [
    queued('a', { interruptions_max: 0 }),
    claimed('a', { instance: 'run-1' }),
    queued('b', { number: 2 }),
  ];

  given(opened(), ...tasks)
    .after(TTL_MS)
    .when(claim, CLAIM_SESSION)
    .then([takenOver('a', 'expired', ENDED), interruptedTooOften('a', 1), granted('b', EXPIRES_AT)]);
});

test('a session that was made for such a task closes, and has no task', () => {
  const own = { sessionId: 'a' };
  given(opened('a'), queued('a', { ...own, interruptions_max: 0 }), claimed('a', own))
    .after(TTL_MS)
    .when(claim, { ...CLAIM, ...own })
    .then(
      [
        takenOver('a', 'expired', { by: { agent: OTHER_AGENT }, lease: own }),
        interruptedTooOften('a', 1, 'a'),
        sessionClosed('a', 'task_ended'),
      ],
      { ok: false, reason: 'no_task', nextDueAt: null },
    );
});

test('without a session, a stale one is recovered on the way, and its head claimed', () => {
  const store = given(...HELD).after(STALE_AFTER_MS);

  const { reply } = store.when(claim, CLAIM);
  store.when(claim, CLAIM).then([recovered('a', 'stale', ENDED), granted('a', STALE_AT)]);

  expect(reply).toMatchObject({ claims: [{ takeover: null }] });
});

test('without a session, one that has only expired is left alone', () => {
  given(...HELD)
    .after(STALE_AFTER_MS - 1)
    .when(claim, CLAIM)
    .then([], { ok: false, reason: 'no_task', nextDueAt: null });
});

test.each([
  ['the head of a stale session, if it is more urgent', 1, 'a'],
  ['another head, if that is more urgent', 9, 'b'],
])('without a session, the best head is claimed: %s', (_what, priority, head) => {
  const stale = [opened('s1'), queued('a', { sessionId: 's1', priority }), claimed('a', { sessionId: 's1' })];
  const others = [opened('s2', 2), queued('b', { sessionId: 's2', number: 2 })];
  const store = given(...stale, ...others).after(STALE_AFTER_MS);

  store
    .when(claim, CLAIM)
    .then([
      recovered('a', 'stale', { by: { agent: OTHER_AGENT }, lease: { sessionId: 's1' } }),
      granted(head, STALE_AT, { sessionId: head === 'a' ? 's1' : 's2' }),
    ]);
});

test('without a session, a stale session is recovered though its head does not fit', () => {
  given(opened(), queued('a', { assignee: AGENT }), claimed('a', { instance: 'run-1' }))
    .after(STALE_AFTER_MS)
    .when(claim, CLAIM)
    .then([recovered('a', 'stale', ENDED)], { ok: false, reason: 'no_task', nextDueAt: null });
});

test('at most eight stale sessions are recovered on the way', () => {
  const stale = Array.from({ length: 9 }, (_, at) => `s${at + 1}`).flatMap((sessionId, at) => [
    opened(sessionId, at + 1),
    queued(`t${at}`, { sessionId, number: at + 1, assignee: AGENT }),
    claimed(`t${at}`, { sessionId, fence: at + 1 }),
  ]);

  const { writes } = given(...stale)
    .after(STALE_AFTER_MS)
    .when(claim, CLAIM);

  expect(writes.events.map(({ type }) => type)).toEqual(Array.from({ length: 8 }, () => 'task.recovered'));
});

test('a clock jump is processed first', () => {
  const jump = { seenAt: NOW, byMs: 5_000, after: null };
  const store = given(...HELD)
    .remembering({ jump })
    .after(TTL_MS);

  for (const call of [CLAIM, CLAIM_SESSION])
    expect(store.when(claim, call).writes).toMatchObject({ reply: { kind: 'clock_jump', after: null }, events: [] });
});

test('fences of two leases of one session differ, even within one microsecond', () => {
  given(opened(), queued('a'), claimed('a', { fence: FENCE_NOW, ttlMs: 1_000 }))
    .after(0)
    .when(claim, { ...CLAIM, agent: AGENT, sessionId: 's', resume: true })
    .then([
      takenOver('a', 'resumed', { by: { agent: AGENT }, lease: { fence: FENCE_NOW, ttlMs: 1_000 } }),
      claimed('a', { fence: FENCE_NOW + 1 }),
    ]);
});
