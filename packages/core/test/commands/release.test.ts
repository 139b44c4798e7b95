// How a holder ends its lease (`releaseTask`, `releaseTasks`):
// - with a success, a failure, giving the task back, handing it off, or cancelling it; the session is idle afterwards
// - a failed attempt is tried again later: the wait doubles with each attempt, has a limit, and varies by chance
// - a failure is final when its agent says so, and when no attempt is left: the task is a dead letter
// - giving back and handing off charge nothing; a task that is handed off is for an agent or a role from then on
// - a task whose cancellation was requested ends as cancelled, unless it succeeded
// - late is not lost
// - a session that was made for the task closes when the task ends for good
// - an end that this lease has done already answers the same again, whatever its command id, and nothing happens
// - any other end of a lease that is over is refused, on record once if another process ended it
// - several leases are judged item by item, in one unit of work
// - the receipt keeps the accepted items; sent again, they are answered again and the refused ones are left open
// What input is refused stands in release-input.test.ts, `claimNext` in release-claim-next.test.ts.
import { expect, test } from 'vitest';
import { release } from '../../src/commands/index.ts';
import { jitterFor } from '../../src/model/ids.ts';
import type { Json } from '../../src/model/json.ts';
import {
  asked,
  cancelAsked,
  claimed,
  ended,
  failed,
  givenBack,
  NOW,
  OTHER_AGENT,
  opened,
  queued,
  recovered,
  refused,
  succeeded,
  takenOver,
  tokenOf,
  TTL_MS,
} from '../support/events.ts';
import { commandIdAt, given, inputOf } from '../support/given.ts';

const HELD = [opened(), queued('a'), claimed('a')];
const OTHER_ID = commandIdAt(NOW, 77);

/** A call that ends the lease of the tests. */
function releaseCall(outcome: string, more: object = {}): { items: object[] } {
  return { items: [{ token: tokenOf(1), outcome, ...more }] };
}

/** What the reply says of the one task. */
function released(status: string, more: object = {}) {
  const item = { ok: true, sessionId: 's', taskId: 'a', status, runAt: null, repeated: false, ...more };
  return { ok: true, items: [item], next: [] };
}

const NOT_HELD = { status: 'idle', agent: null, fence: null, tokenHash: null, taskId: null, leaseExpiresAt: null };

test('a task succeeds, with its result', () => {
  const result = { lines: 12 };
  const store = given(...HELD)
    .after(5)
    .when(release, releaseCall('succeeded', { result }))
    .then([ended('task.succeeded', 'a', { outcome: 'succeeded', result })], released('succeeded'));

  expect(store.task('a')).toMatchObject({
    status: 'succeeded',
    result: '{"lines":12}',
    error: null,
    finishedAt: NOW + 5,
  });
  expect(store.session('s')).toMatchObject({ ...NOT_HELD, tasksOpen: 0 });
});

test('a result may be left out', () => {
  given(...HELD)
    .when(release, releaseCall('succeeded'))
    .then([succeeded('a')], released('succeeded'));
});

test('a failed attempt is tried again later, with its error on record', () => {
  const error = { code: 'E1', message: 'no disk', data: { free: 0 } };
  const commandId = commandIdAt(NOW);
  const delayMs = Math.round(5_000 * (0.8 + 0.4 * jitterFor(commandId, 'a')));
  const runAt = NOW + delayMs;

  const store = given(...HELD)
    .when(release, { ...releaseCall('failed', { error }), commandId })
    .then(
      [ended('task.failed', 'a', { outcome: 'failed', error, run_at: runAt, delay_ms: delayMs })],
      released('scheduled', { runAt }),
    );

  const when = { runAt, delayedAt: NOW, queuedAt: runAt };
  expect(store.task('a')).toMatchObject({ status: 'scheduled', ...when, attempt: 1, finishedAt: null });
  expect(store.session('s')).toMatchObject({ ...NOT_HELD, tasksOpen: 1 });
});

test('the wait varies by chance, at most a fifth, but not when the same command is judged again', () => {
  const store = given(opened(), queued('a', { backoff_ms: 10_000 }), claimed('a'));

  const waits = Array.from({ length: 50 }, (_, number) => {
    const call = { ...releaseCall('failed'), commandId: commandIdAt(NOW, number) };
    const { reply } = store.when(release, call);
    expect(store.when(release, call).reply).toEqual(reply);
    return (reply.items[0] as { runAt: number }).runAt - NOW;
  });

  expect(Math.min(...waits)).toBeGreaterThanOrEqual(8_000);
  expect(Math.max(...waits)).toBeLessThan(12_000);
  expect(new Set(waits).size).toBeGreaterThan(40);
});

test.each([
  [1, 4_000],
  [2, 8_000],
  [3, 16_000],
  [12, 3_600_000],
])('after attempt %i the wait is %i ms, give or take a fifth', (attempts, wait) => {
  const before = Array.from({ length: attempts - 1 }, (_, at) => [
    claimed('a', { fence: at + 1 }),
    failed('a', NOW, { fence: at + 1 }),
  ]).flat();
  const store = given(opened(), queued('a', { attempts_max: 99, backoff_ms: 4_000 }), ...before).and(
    claimed('a', { fence: attempts }),
  );

  const { reply } = store.when(release, { items: [{ token: tokenOf(attempts), outcome: 'failed' }] });

  const { runAt } = reply.items[0] as { runAt: number };
  expect((runAt - NOW) / wait).toBeGreaterThanOrEqual(0.8);
  expect((runAt - NOW) / wait).toBeLessThan(1.2);
});

test('a failure that its agent calls final makes the task a dead letter at once', () => {
  const error = { message: 'the repository is gone' };
  const store = given(...HELD)
    .after(5)
    .when(release, releaseCall('failed', { error, final: true }))
    .then([ended('task.failed', 'a', { outcome: 'failed', error, run_at: null })], released('failed'));

  expect(store.task('a')).toMatchObject({ status: 'failed', attempt: 1, finishedAt: NOW + 5 });
  expect(store.session('s').tasksOpen).toBe(0);
});

test('a failure of the last attempt makes the task a dead letter', () => {
  const first = [claimed('a'), failed('a', NOW)];
  given(opened(), queued('a', { attempts_max: 2 }), ...first, claimed('a', { fence: 2 }))
    .when(release, { items: [{ token: tokenOf(2), outcome: 'failed' }] })
    .then([failed('a', null, { fence: 2 })], released('failed'));
});

test('a task that is given back charges nothing, keeps its place, and has a note for the next holder', () => {
  const store = given(...HELD)
    .after(5)
    .when(release, releaseCall('released', { note: 'half done' }))
    .then([ended('task.released', 'a', { outcome: 'released', note: 'half done' })], released('queued'));

  expect(store.task('a')).toMatchObject({ attempt: 0, interruptions: 0, queuedAt: NOW, note: 'half done' });
  expect(store.session('s')).toMatchObject({ ...NOT_HELD, tasksOpen: 1 });
});

test.each([
  ['an agent', { agent: OTHER_AGENT }, { assignee: OTHER_AGENT, role: null }],
  ['a role', { role: 'tester' }, { assignee: null, role: 'tester' }],
])('a task that is handed off to %s is for it alone from then on', (_whom, to, recipient) => {
  const store = given(opened(), queued('a', { role: 'writer' }), claimed('a'))
    .when(release, releaseCall('handed_off', { to, note: 'please test' }))
    .then(
      [ended('task.handed_off', 'a', { outcome: 'handed_off', note: 'please test', ...recipient })],
      released('queued'),
    );

  expect(store.task('a')).toMatchObject({ ...recipient, note: 'please test', attempt: 0 });
});

test('a task that its holder cancels has ended, and no attempt is charged', () => {
  const error = { message: 'not needed any more' };
  const store = given(...HELD)
    .after(5)
    .when(release, releaseCall('cancelled', { error }))
    .then([ended('task.cancelled', 'a', { outcome: 'cancelled', error })], released('cancelled'));

  expect(store.task('a')).toMatchObject({ status: 'cancelled', attempt: 0, finishedAt: NOW + 5 });
  expect(store.session('s').tasksOpen).toBe(0);
});

test.each([
  ['released', {}],
  ['failed', { error: { message: 'stopped' } }],
  ['handed_off', { to: { role: 'tester' } }],
  ['cancelled', {}],
] as const)('a task whose cancellation was requested ends as cancelled, if it is %s', (outcome, more) => {
  const error: Json = 'error' in more ? more.error : null;

  given(...HELD, cancelAsked('a'))
    .when(release, releaseCall(outcome, more))
    .then([ended('task.cancelled', 'a', { outcome, error })], released('cancelled'));
});

test('a task that succeeded has succeeded, though its cancellation was asked', () => {
  given(...HELD, cancelAsked('a'))
    .when(release, releaseCall('succeeded'))
    .then([succeeded('a')], released('succeeded'));
});

test('late is not lost: an expired lease that no other agent took over can be ended', () => {
  given(...HELD)
    .after(10 * TTL_MS)
    .when(release, releaseCall('succeeded'))
    .then([succeeded('a')], released('succeeded'));
});

/** A session that was made for the task `a`. */
const OWN = { sessionId: 'a' };
const HELD_OWN = [opened('a'), queued('a', OWN), claimed('a', OWN)];

test.each([
  ['succeeds', releaseCall('succeeded')],
  ['fails for good', releaseCall('failed', { final: true })],
  ['is cancelled', releaseCall('cancelled')],
])('a session that was made for a task closes when the task %s', (_how, call) => {
  const { store, writes } = given(...HELD_OWN).when(release, call);

  expect(writes.events.map(({ type }) => type)).toContain('session.closed');
  expect(store.session('a').status).toBe('closed');
});

test.each([
  ['is tried again', releaseCall('failed')],
  ['is given back', releaseCall('released')],
  ['is handed off', releaseCall('handed_off', { to: { role: 'r' } })],
])('a session that was made for a task stays open when the task %s', (_how, call) => {
  const { store } = given(...HELD_OWN).when(release, call);

  expect(store.session('a').status).toBe('idle');
});

test('a session that was made for another task stays open', () => {
  given(opened('a'), queued('b', OWN), claimed('b', OWN))
    .when(release, releaseCall('succeeded'))
    .then([succeeded('b', OWN)]);
});

test('a session that was made for a task stays open while more work waits there', () => {
  given(...HELD_OWN, queued('b', { ...OWN, number: 2 }))
    .when(release, releaseCall('succeeded'))
    .then([succeeded('a', OWN)], released('succeeded', OWN));
});

test.each([
  ['succeeded', {}, 'succeeded', null, succeeded('a')],
  ['failed', {}, 'scheduled', NOW + 7, failed('a', NOW + 7)],
  ['failed', {}, 'failed', null, failed('a', null)],
  ['failed', { final: true }, 'failed', null, failed('a', null)],
  ['released', {}, 'queued', null, givenBack('a')],
  [
    'handed_off',
    { to: { role: 'r' } },
    'queued',
    null,
    ended('task.handed_off', 'a', { outcome: 'handed_off', assignee: null, role: 'r', note: null }),
  ],
  ['cancelled', {}, 'cancelled', null, ended('task.cancelled', 'a', { outcome: 'cancelled', error: null })],
  // Its cancellation was asked, so this end came to another event.
  ['released', {}, 'cancelled', null, ended('task.cancelled', 'a', { outcome: 'released', error: null })],
])('an end that this lease has done already answers the same again: %s %o, %s', (outcome, more, status, runAt, end) => {
  given(...HELD, end)
    .when(release, { ...releaseCall(outcome, more), commandId: OTHER_ID })
    .then([], released(status, { runAt, repeated: true }));
});

test.each([
  ['succeeded', { result: 1 }, succeeded('a')],
  ['released', { note: 'x' }, givenBack('a')],
  ['failed', { final: true }, failed('a', NOW + 7)],
  ['waiting', { on: ['b'] }, asked('a')],
  ['waiting', { ask: { question: 'which?', to: { agent: 'b' } } }, asked('a')],
])('one that says something else than the first is told that the first stands: %s %o', (outcome, more, end) => {
  const { reply } = given(...HELD, end).when(release, { ...releaseCall(outcome, more), commandId: OTHER_ID });

  expect(reply).toMatchObject({ items: [{ ok: true, repeated: true, otherTerms: true }] });
});

test('it answers the same again, whatever became of the session since', () => {
  given(...HELD, givenBack('a'), claimed('a', { agent: OTHER_AGENT, fence: 2 }), succeeded('a', { fence: 2 }))
    .when(release, releaseCall('released'))
    .then([], released('queued', { repeated: true }));
});

test('another end of a lease that its holder has ended is refused, and leaves nothing', () => {
  given(...HELD, succeeded('a'))
    .when(release, releaseCall('failed'))
    .then([], {
      ok: false,
      items: [{ ok: false, reason: 'lease_lost', endedBy: 'task.succeeded', at: NOW }],
      next: [],
    });
});

test('a lease that another process ended is refused, and the refusal says what was tried', () => {
  given(...HELD, takenOver('a', 'expired'), claimed('a', { agent: OTHER_AGENT, fence: 2 }))
    .when(release, releaseCall('succeeded', { instance: 'run-3' }))
    .then([refused({ operation: 'release', ended_by: 'lease.taken_over', ended_at: NOW }, { instance: 'run-3' })], {
      ok: false,
      items: [
        {
          ok: false,
          reason: 'lease_lost',
          endedBy: 'lease.taken_over',
          at: NOW,
          successor: { agent: OTHER_AGENT, instance: null, fence: 2 },
        },
      ],
      next: [],
    });
});

test('a token that was made up is refused and leaves nothing, though the lease that it names ended as it says', () => {
  const call = { items: [{ token: `1-${'0'.repeat(32)}`, outcome: 'succeeded' }] };

  const { reply, writes } = given(...HELD, succeeded('a')).when(release, call);

  expect(reply).toEqual({ ok: false, items: [{ ok: false, reason: 'lease_lost', endedBy: null, at: null }], next: [] });
  expect(writes.events).toEqual([]);
});

/** Three leases: one is held, one was ended by its holder, one was recovered. */
function threeLeases() {
  return given(...HELD)
    .and(opened('s2', 2))
    .and(queued('b', { sessionId: 's2', number: 2 }))
    .and(claimed('b', { sessionId: 's2', fence: 2 }))
    .and(succeeded('b', { sessionId: 's2', fence: 2 }))
    .and(opened('s3', 3))
    .and(queued('c', { sessionId: 's3', number: 3 }))
    .and(claimed('c', { sessionId: 's3', fence: 3 }))
    .and(recovered('c', 'stale', { lease: { sessionId: 's3', fence: 3 } }));
}

const THREE = [3, 1, 2].map((fence) => ({ token: tokenOf(fence), outcome: 'succeeded' }));

const LOST = { ok: false, reason: 'lease_lost', endedBy: 'task.recovered', at: NOW };
const DONE = { ok: true, sessionId: 's', taskId: 'a', status: 'succeeded', runAt: null, repeated: false };
const DONE_BEFORE = { ...DONE, sessionId: 's2', taskId: 'b', repeated: true };

test('several leases are judged item by item', () => {
  const record = refused(
    { operation: 'release', ended_by: 'task.recovered', ended_at: NOW },
    { sessionId: 's3', fence: 3 },
  );
  const store = threeLeases();

  store.when(release, { items: THREE }).then([record, succeeded('a')], {
    ok: true,
    items: [LOST, DONE, DONE_BEFORE],
    next: [],
  });
});

test('of several leases, one that was never granted has no successor', () => {
  const items = [9, 1].map((fence) => ({ token: tokenOf(fence), outcome: 'succeeded' }));

  const { reply } = threeLeases().when(release, { items });

  expect(reply.items).toEqual([{ ok: false, reason: 'lease_lost', endedBy: null, at: null }, DONE]);
});

test('of several leases, one that another instance holds is refused with that holder as its successor', () => {
  const items = [1, 4].map((fence) => ({ token: tokenOf(fence), outcome: 'succeeded', instance: 'run-9' }));
  const store = threeLeases()
    .and(opened('s4', 4))
    .and(queued('d', { sessionId: 's4', number: 4 }))
    .and(claimed('d', { sessionId: 's4', fence: 4, instance: 'run-4' }));

  const { reply } = store.when(release, { items });

  expect(reply.items).toMatchObject([DONE, { ok: false, successor: { instance: 'run-4', fence: 4 } }]);
});

test('sent again, the accepted items are answered again, and the refused ones are left open', () => {
  const call = { items: THREE, commandId: commandIdAt(NOW) };
  const first = threeLeases().when(release, call);

  const second = first.store.when(release, call);

  expect(second.writes).toMatchObject({ reply: { replayed: true }, events: [] });
  expect(second.reply).toEqual({ ok: true, items: [null, DONE, DONE_BEFORE], next: [] });
});

test('a call of which every item is refused leaves no receipt', () => {
  const { writes } = threeLeases().when(release, { items: THREE.slice(0, 1) });

  expect(writes.receipt).toBeNull();
});

test('it is shown the sessions of the leases that the tokens name', () => {
  expect(release.scope(inputOf(release, { items: THREE }))).toEqual({
    by: 'sessions',
    namespace: 'default',
    commandId: commandIdAt(NOW),
    sessions: [{ fence: 3 }, { fence: 1 }, { fence: 2 }],
  });
});
