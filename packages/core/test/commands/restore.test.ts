// How the leases of a restored store are closed, before it opens for work:
// - every lease that was open when the backup was taken is closed, in all namespaces, whether or not it has expired
// - tasks are charged and requeued as after any lost lease; one with no interruption left is a dead letter
// - it is done in pages; called again after a crash, it closes what is left
// - tokens of those leases are refused afterwards
import { expect, test } from 'vitest';
import { closeRestoredLeases } from '../../src/commands/close-restored-leases.ts';
import { heartbeat, restore } from '../../src/commands/index.ts';
import type { Scope } from '../../src/storage/scope.ts';
import type { Storage } from '../../src/storage/storage.ts';
import {
  cancelAsked,
  cancelledWaiting,
  claimed,
  interruptedTooOften,
  NOW,
  opened,
  queued,
  recovered,
  sessionClosed,
  tokenOf,
} from '../support/events.ts';
import { given, inputOf, refusal, type Store } from '../support/given.ts';

const HELD = [opened(), queued('a'), claimed('a', { instance: 'run-1' })];

test('a lease that was open is closed, though it has not expired', () => {
  const store = given(...HELD)
    .when(restore, { after: null })
    .then([recovered('a', 'restored', { lease: { instance: 'run-1' } })], {
      closed: 1,
      next: { namespace: 'default', sessionId: 's' },
    });

  expect(store.session('s')).toMatchObject({ status: 'idle', fence: null });
  expect(store.task('a')).toMatchObject({ status: 'queued', attempt: 0, interruptions: 1 });
});

test('sessions that no agent holds are left alone', () => {
  given(opened(), queued('a')).when(restore, { after: null }).then([], { closed: 0, next: null });
});

test('a session that is not held is passed over, even if it is shown', () => {
  const loaded = given(opened(), queued('a')).load({ by: 'task', namespace: 'default', taskId: 'a' });

  expect(restore.decide({ namespace: 'default', after: null }, loaded).events).toEqual([]);
});

test('leases in other namespaces are closed as well', () => {
  const there = { namespace: 'other', sessionId: 's' };

  given(...HELD)
    .and({ ...opened(), ...there })
    .and({ ...queued('a', { interruptions_max: 0 }), ...there })
    .and(claimed('a', { ...there, fence: 2 }))
    .when(restore, { after: null })
    .then(
      [
        recovered('a', 'restored', { lease: { instance: 'run-1' } }),
        recovered('a', 'restored', { lease: { ...there, fence: 2 } }),
        { ...interruptedTooOften('a', 1), ...there },
      ],
      { closed: 2, next: { namespace: 'other', sessionId: 's' } },
    );
});

test('a task that has no interruption left is a dead letter, and a session made for it closes', () => {
  const own = { sessionId: 'a' };

  given(opened('a'), queued('a', { ...own, interruptions_max: 0 }), claimed('a', own))
    .when(restore, { after: null })
    .then([
      recovered('a', 'restored', { lease: own }),
      interruptedTooOften('a', 1, 'a'),
      sessionClosed('a', 'task_ended'),
    ]);
});

test('a task whose cancellation was asked is cancelled', () => {
  given(...HELD, cancelAsked('a'))
    .when(restore, { after: null })
    .then([recovered('a', 'restored', { lease: { instance: 'run-1' } }), cancelledWaiting('a')]);
});

test('a page begins after the session that is named', () => {
  const store = given(...HELD)
    .and(opened('t', 2))
    .and(queued('b', { sessionId: 't', number: 2 }))
    .and(claimed('b', { sessionId: 't', fence: 2 }));

  store
    .when(restore, { after: { namespace: 'default', sessionId: 's' } })
    .then([recovered('b', 'restored', { lease: { sessionId: 't', fence: 2 } })]);
});

test('a jump of the clock is not waited for: every lease is closed whatever the time', () => {
  const { reply } = given(...HELD)
    .remembering({ jump: { seenAt: NOW, byMs: 5_000, after: null } })
    .when(restore, { after: null });

  expect(reply).toMatchObject({ closed: 1 });
});

test('tokens of those leases are refused afterwards', () => {
  const { store } = given(...HELD).when(restore, { after: null });

  const { reply } = store.when(heartbeat, { token: tokenOf(1) });

  expect(reply).toMatchObject({ reason: 'lease_lost', endedBy: 'task.recovered' });
});

/** So many held sessions, and a store that says how many units of work it was asked for. */
function manyHeld(count: number) {
  const ids = Array.from({ length: count }, (_, at) => `s${String(at).padStart(3, '0')}`);
  const events = ids.flatMap((sessionId, at) => [
    opened(sessionId, at + 1),
    queued(`t${at}`, { sessionId, number: at + 1 }),
    claimed(`t${at}`, { sessionId, fence: at + 1 }),
  ]);
  const of = { store: given(...events), scopes: [] as Scope[] };
  const storage: Pick<Storage, 'transact'> = {
    async transact(scope, decide) {
      const writes = decide(of.store.load(scope));
      of.store = of.store.saved(writes);
      of.scopes.push(scope);
      return writes.reply;
    },
  };
  return { of, storage: storage as Storage };
}

test.each([
  [0, 1 + 1],
  [1, 2 + 1],
  [200, 2 + 1],
  [201, 3 + 1],
])('all pages are worked through: %i leases in %i units of work', async (leases, pages) => {
  const { of, storage } = manyHeld(leases);

  await expect(closeRestoredLeases(storage)).resolves.toBe(leases);

  expect(of.scopes).toHaveLength(pages);
  expect(statuses(of.store, leases)).toEqual(leases === 0 ? [] : ['idle']);
});

test('each page begins where the last one ended', async () => {
  const { of, storage } = manyHeld(201);

  await closeRestoredLeases(storage);

  const page = { by: 'held', namespace: 'default', limit: 200 };
  expect(of.scopes).toEqual([
    { ...page, after: null },
    { ...page, after: { namespace: 'default', sessionId: 's199' } },
    { ...page, after: { namespace: 'default', sessionId: 's200' } },
    { by: 'delayed', namespace: 'default', limit: 200 },
  ]);
});

test('a storage that asks to process a clock jump first is a mistake of ours', async () => {
  const outcome = { kind: 'clock_jump', after: null };
  const storage = { transact: () => Promise.resolve(outcome) } as unknown as Storage;

  await expect(closeRestoredLeases(storage)).rejects.toThrow(
    refusal('INTERNAL', '^A restore does not wait for a clock jump.$'),
  );
});

test('no task waits longer than was asked for, if the clock of the backup was ahead', async () => {
  const { of, storage } = manyHeld(1);
  of.store = of.store.and(queued('late', { sessionId: 's000', number: 9, run_at: NOW + 90_000, delay_ms: 5_000 }));

  await closeRestoredLeases(storage);

  expect(of.store.task('late')).toMatchObject({ runAt: NOW + 5_000, delayedAt: NOW });
});

test('called again, it closes what is left', async () => {
  const { storage } = manyHeld(3);
  await closeRestoredLeases(storage);

  await expect(closeRestoredLeases(storage)).resolves.toBe(0);
});

test('it is shown a page of all held sessions', () => {
  const after = { namespace: 'default', sessionId: 's' };

  expect(restore.scope(inputOf(restore, { after }))).toEqual({ by: 'held', namespace: 'default', limit: 200, after });
});

function statuses(store: Store, count: number): string[] {
  const ids = Array.from({ length: count }, (_, at) => `s${String(at).padStart(3, '0')}`);
  return [...new Set(ids.map((id) => store.session(id).status))];
}
